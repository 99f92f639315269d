/** Starting a release by hand: what a webhook does for a push, with a person's name on it. */
import { newId } from '../platform/new-id.ts';
import { releasesRef } from '../domain/plan/refs.ts';
import type { Project } from '../store/projects.ts';
import { findQuarantined, sayQuarantined } from '../store/quarantine.ts';
import { createRelease, findRelease, type Release } from '../store/releases.ts';
import { updateIdOf } from './acts.ts';
import { audited } from './auth/audited.ts';
import { requireRole, type Principal } from './auth/principal.ts';
import type { ApiParts } from './parts.ts';
import { notFound, Problem } from './problem.ts';
import { resolveRef } from './resolve-ref.ts';

export interface StartWish {
  /** Full ref, or a branch's bare name. */
  readonly ref: string | undefined;
  readonly commit: string | undefined;
  readonly environment: string;
  readonly dryRun: boolean;
  /** Release the commit although it was taken back from this environment (release-manager). */
  readonly overrideQuarantine: boolean;
  readonly idempotencyKey: string | undefined;
}

/** @throws Problem 403, 404, 422 */
export async function startRelease(
  parts: ApiParts,
  principal: Principal,
  project: Project,
  wish: StartWish,
): Promise<Release> {
  const act = {
    principal,
    action: 'release.start',
    target: `project:${project.name}`,
    detail: {
      environment: wish.environment,
      ref: wish.ref,
      commit: wish.commit,
      dryRun: wish.dryRun,
      ...(wish.overrideQuarantine && { overrideQuarantine: true }),
    },
  };
  return audited(parts, act, async (record) => {
    requireRole(principal, 'developer');
    const environment = project.environments.find((e) => e.name === wish.environment);
    if (!environment) throw notFound(`environment ${wish.environment} of project ${project.name}`);
    const ref = wish.ref === undefined ? '' : fullRef(wish.ref);
    if (ref === '' && !wish.dryRun) {
      // The record says which refs may go there; a bare commit says nothing of its branch.
      requireRole(principal, 'release-manager');
    } else if (ref !== '' && !wish.dryRun && !releasesRef(environment, ref))
      throw new Problem({
        status: 422,
        code: 'ref-not-released',
        detail: `${wish.environment} of ${project.name} does not release ${ref}`,
      });
    const commit = wish.commit ?? (await resolveRef(project.repository, ref));
    if (!wish.dryRun) await requireFree(parts, principal, project.name, commit, wish);
    const key = updateIdOf(principal, `${project.name}/${wish.environment}/start`, wish.idempotencyKey);
    return parts.db.transaction().execute(async (tx) => {
      const { id } = await createRelease(tx, {
        id: newId(),
        project: project.name,
        environment: wish.environment,
        ref,
        commit,
        before: '',
        author: '',
        message: '',
        cause: 'manual',
        startedBy: principal.name,
        dryRun: wish.dryRun,
        dedupeKey: `manual:${key ?? newId()}`,
        at: Date.now(),
      });
      await record(tx, { release: id, commit });
      const release = await findRelease(tx, id);
      if (!release) throw new Error(`release ${id} is gone in the transaction that made it`);
      return release;
    });
  });
}

/** @throws Problem 409 `quarantined` */
async function requireFree(
  parts: ApiParts,
  principal: Principal,
  project: string,
  commit: string,
  { environment, overrideQuarantine }: StartWish,
): Promise<void> {
  const quarantined = await findQuarantined(parts.db, { project, environment, commit });
  if (!quarantined) return;
  if (overrideQuarantine) return requireRole(principal, 'release-manager');
  throw new Problem({
    status: 409,
    code: 'quarantined',
    detail: `${sayQuarantined(quarantined)}; say overrideQuarantine to release it all the same`,
    extra: { release: quarantined.releaseId },
  });
}

function fullRef(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
}
