/**
 * A person's rollback of an environment to any published version. The lane does it while it answers; when it does not
 * within 3 s, the API does it itself (`rollback-by-api.ts`).
 */
import { newId } from '../platform/new-id.ts';
import { FcError } from '../fc/errors.ts';
import { serviceIn } from '../domain/names/place.ts';
import { environmentId } from '../domain/plan/environment.ts';
import type { RollbackTarget } from '../domain/release/rollback-story.ts';
import type { EnvironmentState } from '../store/environments.ts';
import { newestOverrideId } from '../store/overrides.ts';
import { findRollbackRecord } from '../store/rollback-records.ts';
import { laneWorkflowId, rollbackUpdate } from '../workflows/messages.ts';
import { OUTCOME_WAIT_MS, updateIdOf } from './acts.ts';
import { audited } from './auth/audited.ts';
import { actorOf, requireRole, type Principal } from './auth/principal.ts';
import type { ApiParts } from './parts.ts';
import { refused } from './problem.ts';
import { rollBackByApi } from './rollback-by-api.ts';
import type { ActOutcomeView } from './schema/release.ts';

export interface RollbackWish {
  /** One version for the environment's only service, or a version for each named service. */
  readonly version: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
  readonly comment: string;
  readonly idempotencyKey: string | undefined;
}

/** How long the lane may take to answer before the API acts by itself, milliseconds. */
const LANE_WAIT_MS = 3_000;

/** @throws Problem 403, 409, 422, 503 */
export async function rollBackEnvironment(
  parts: ApiParts,
  principal: Principal,
  state: EnvironmentState,
  wish: RollbackWish,
): Promise<ActOutcomeView> {
  const environment = environmentId(state.project, state.record.name);
  const act = {
    principal,
    action: 'environment.rollback',
    target: `environment:${environment}`,
    detail: { comment: wish.comment, version: wish.version, versions: wish.versions },
  };
  return audited(parts, act, async (record) => {
    requireRole(principal, 'release-manager');
    const targets = targetsOf(state, wish);
    await requireVersions(parts, targets);
    const afterOverride = await newestOverrideId(parts.db);
    const updateId = updateIdOf(principal, `${environment}/rollback`, wish.idempotencyKey);
    const key = `rollback:${updateId ?? newId()}`;
    const place = { project: state.project, environment: state.record.name };
    const asked = {
      ...place,
      alias: state.record.alias,
      actor: actorOf(principal),
      comment: wish.comment,
      targets,
      key,
    };
    const answer = await parts.workflows.update({
      workflowId: laneWorkflowId(state.project, state.record.name),
      update: rollbackUpdate,
      args: [{ actor: asked.actor, comment: wish.comment, targets, afterOverride, record: key }],
      updateId,
      acceptMs: LANE_WAIT_MS,
      outcomeMs: OUTCOME_WAIT_MS,
      withdrawLate: true,
    });
    if (answer.kind === 'done' || answer.kind === 'accepted') {
      const release = await findRollbackRecord(parts.db, { ...place, key });
      return answer.kind === 'done'
        ? { release, environment, pending: false, outcome: answer.outcome }
        : { release, environment, pending: true, outcome: 'accepted; its outcome is still to come' };
    }
    const release = await rollBackByApi(parts, { ...asked, afterOverride });
    await record(parts.db, { past: 'workflow', targets, release });
    return { release, environment, pending: false, outcome: sayOverride(state.record.alias, targets) };
  });
}

function targetsOf(state: EnvironmentState, { version, versions }: RollbackWish): RollbackTarget[] {
  const services = state.services.map((s) => s.service);
  if (services.length === 0) throw refused(409, 'nothing-released', 'nothing runs in this environment yet');
  const named = Object.entries(versions).map(([service, v]) => ({ service, version: v }));
  const stranger = named.find((t) => !services.includes(t.service));
  if (stranger)
    throw refused(
      422,
      'service-unknown',
      `${stranger.service} does not run here; there is ${services.join(', ')}`,
    );
  const left = services.find(
    (service) =>
      !Object.hasOwn(versions, service) && named.some((t) => serviceIn(t.service) === serviceIn(service)),
  );
  if (left !== undefined)
    throw refused(
      422,
      'region-missing',
      `${serviceIn(left)} runs in several regions, which go back together: name a version for ${left} too`,
    );
  if (named.length > 0) return named;
  const [only, ...others] = services;
  if (version !== undefined && only !== undefined && others.length === 0) return [{ service: only, version }];
  throw refused(
    422,
    'version-missing',
    others.length === 0
      ? 'name the version to go to, e.g. {"version": "3"}'
      : `name a version for each service, e.g. {"versions": {"${only}": "3"}}; there is ${services.join(', ')}`,
  );
}

/** Nothing may point at a missing version. An engine that does not answer now is the lane's to wait for. */
async function requireVersions(parts: ApiParts, targets: readonly RollbackTarget[]): Promise<void> {
  for (const { service, version } of targets) {
    const found = await parts.fc.getService(service, version).catch((error: unknown) => {
      if (error instanceof FcError && error.isUnreachable) return 'unknown' as const;
      throw error;
    });
    if (found === null)
      throw refused(422, 'version-unknown', `${service} has no version ${version}; it may have been deleted`);
  }
}

/** Says no time: a Temporal that refuses at once is not waited for. */
function sayOverride(alias: string, targets: readonly RollbackTarget[]): string {
  const moves = targets.map((t) => `${t.service} to version ${t.version}`).join(', ');
  return `${alias}: ${moves}; done by the API itself, because no workflow answered`;
}
