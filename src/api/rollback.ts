/**
 * A person's rollback of an environment to any published version. The lane does it while it answers; when it does not
 * within 3 s, the API moves the aliases itself and leaves an override, to which the workflow yields when it is back.
 */
import { ulid } from 'ulid';
import type { FcAlias, Tagged } from '../fc/client.ts';
import { FcError } from '../fc/errors.ts';
import { serviceIn } from '../domain/names/place.ts';
import { environmentId } from '../domain/plan/environment.ts';
import type { Actor, ReleaseEvent } from '../domain/release/events.ts';
import {
  personsStory,
  rollbackBegun,
  rollbackDone,
  rollbackFailed,
  type RollbackTarget,
  type RolledBack,
} from '../domain/release/rollback-story.ts';
import { ensureError } from '../platform/errors.ts';
import { saveAliasState } from '../store/alias-states.ts';
import type { EnvironmentState } from '../store/environments.ts';
import { recordEvent } from '../store/events.ts';
import { addOverride, newestOverrideId } from '../store/overrides.ts';
import { createRollbackRecord, findRollbackRecord } from '../store/rollback-records.ts';
import { laneWorkflowId, rollbackUpdate } from '../workflows/messages.ts';
import { OUTCOME_WAIT_MS, updateIdOf } from './acts.ts';
import { audited } from './auth/audited.ts';
import { actorOf, requireRole, type Principal } from './auth/principal.ts';
import type { ApiParts } from './parts.ts';
import { Problem, unreachable503 } from './problem.ts';
import type { ActOutcomeView } from './schema/release.ts';

export interface RollbackWish {
  /** One version for the environment's only service, or a version for each named service. */
  readonly version: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
  readonly comment: string;
  readonly idempotencyKey: string | undefined;
}

interface Asked {
  readonly actor: Actor;
  readonly comment: string;
  readonly targets: readonly RollbackTarget[];
  /** Of the request's own record, whoever writes it. */
  readonly key: string;
}

interface Moved extends RolledBack {
  /** All that had traffic before. */
  readonly versions: readonly string[];
}

/** How long the lane may take to answer before the API acts by itself, milliseconds. */
const LANE_WAIT_MS = 3_000;
/** How often another's change of the alias is stepped over; more would be a fight. */
const TRIES = 5;

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
    const key = `rollback:${updateId ?? ulid()}`;
    const asked: Asked = { actor: actorOf(principal), comment: wish.comment, targets, key };
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
      const place = { project: state.project, environment: state.record.name };
      const release = await findRollbackRecord(parts.db, { ...place, key });
      return answer.kind === 'done'
        ? { release, environment, pending: false, outcome: answer.outcome }
        : { release, environment, pending: true, outcome: 'accepted; its outcome is still to come' };
    }
    const release = await moveAliases(parts, state, asked);
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

/** Moves one alias after the other, and tells it as the lane would have. @returns id of the record */
async function moveAliases(
  parts: ApiParts,
  state: EnvironmentState,
  { actor, comment, targets, key }: Asked,
): Promise<string> {
  const place = { project: state.project, environment: state.record.name };
  const story = personsStory({ actor, comment, targets });
  const moved: Moved[] = [];
  const tell = (end: readonly ReleaseEvent[]): Promise<string> =>
    parts.db.transaction().execute(async (tx) => {
      const left = moved.map(({ service, versions }) => ({ service, versions }));
      const { id } = await createRollbackRecord(tx, { ...place, key, actor: actor.name, left });
      for (const [index, event] of [...rollbackBegun(story), ...end].entries())
        await recordEvent(tx, { releaseId: id, seq: index + 1, at: Date.now(), event });
      return id;
    });
  for (const target of targets) {
    try {
      moved.push(await moveAlias(parts, state, { target, actor: actor.name, comment }));
    } catch (error) {
      if (moved.length > 0) await tell(rollbackFailed(moved, ensureError(error).message));
      throw error;
    }
  }
  return tell(rollbackDone(story, moved));
}

async function moveAlias(
  parts: ApiParts,
  state: EnvironmentState,
  {
    target: { service, version },
    actor,
    comment,
  }: { readonly target: RollbackTarget; readonly actor: string; readonly comment: string },
): Promise<Moved> {
  const { alias } = state.record;
  const place = { project: state.project, environment: state.record.name, service, alias };
  let versions: readonly string[];
  try {
    let current = await readAlias(parts, service, alias);
    versions = [current.value.versionId, ...Object.keys(current.value.additionalVersionWeight)];
    // Stored before the move: a workflow that comes back between the two finds the reason for what it sees.
    await addOverride(
      parts.db,
      { ...place, from: current.value, toVersion: version, actor, comment },
      versions,
    );
    for (let tries = 1; !standsAlone(current.value, version); tries += 1) {
      try {
        current = await parts.fc.updateAlias(
          service,
          alias,
          { versionId: version, additionalVersionWeight: {} },
          current.etag,
        );
      } catch (error) {
        if (!(error instanceof FcError) || !error.isConflict || tries >= TRIES) throw error;
        current = await readAlias(parts, service, alias);
      }
    }
  } catch (error) {
    if (error instanceof FcError && error.isUnreachable)
      throw unreachable503(
        'engine-unreachable',
        'neither Temporal nor the engine answers; the traffic was not moved, try again',
        error,
      );
    throw error;
  }
  await saveAliasState(parts.db, { ...place, stable: version, canary: null, weight: 0, releaseId: null });
  return { service, version, alias, left: versions.find((one) => one !== version) ?? null, versions };
}

async function readAlias(parts: ApiParts, service: string, alias: string): Promise<Tagged<FcAlias>> {
  const current = await parts.fc.getAlias(service, alias);
  if (current === null) throw refused(409, 'alias-missing', `${service} has no alias ${alias}`);
  return current;
}

function standsAlone(alias: FcAlias, version: string): boolean {
  return alias.versionId === version && Object.values(alias.additionalVersionWeight).every((w) => w === 0);
}

/** Says no time: a Temporal that refuses at once is not waited for. */
function sayOverride(alias: string, targets: readonly RollbackTarget[]): string {
  const moves = targets.map((t) => `${t.service} to version ${t.version}`).join(', ');
  return `${alias}: ${moves}; done by the API itself, because no workflow answered`;
}

function refused(status: number, code: string, detail: string): Problem {
  return new Problem({ status, code, detail });
}
