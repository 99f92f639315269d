/**
 * A person's rollback of an environment to any published version. The lane does it while it answers; when it does not
 * within 3 s, the API moves the aliases itself and leaves an override, to which the workflow yields when it is back.
 */
import type { FcAlias, Tagged } from '../fc/client.ts';
import { FcError } from '../fc/errors.ts';
import { environmentId } from '../domain/plan/environment.ts';
import { saveAliasState } from '../store/alias-states.ts';
import type { EnvironmentState } from '../store/environments.ts';
import { addOverride, newestOverrideId } from '../store/overrides.ts';
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

interface Target {
  readonly service: string;
  readonly version: string;
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
    const answer = await parts.workflows.update({
      workflowId: laneWorkflowId(state.project, state.record.name),
      update: rollbackUpdate,
      args: [{ actor: actorOf(principal), comment: wish.comment, targets, afterOverride }],
      updateId: updateIdOf(principal, `${environment}/rollback`, wish.idempotencyKey),
      acceptMs: LANE_WAIT_MS,
      outcomeMs: OUTCOME_WAIT_MS,
      withdrawLate: true,
    });
    const base = { release: null, environment };
    if (answer.kind === 'done') return { ...base, pending: false, outcome: answer.outcome };
    if (answer.kind === 'accepted')
      return { ...base, pending: true, outcome: 'accepted; its outcome is still to come' };
    for (const target of targets) await moveAlias(parts, principal, state, target, wish.comment);
    await record(parts.db, { past: 'workflow', targets });
    return { ...base, pending: false, outcome: sayOverride(state.record.alias, targets) };
  });
}

function targetsOf(state: EnvironmentState, { version, versions }: RollbackWish): Target[] {
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
async function requireVersions(parts: ApiParts, targets: readonly Target[]): Promise<void> {
  for (const { service, version } of targets) {
    const found = await parts.fc.getService(service, version).catch((error: unknown) => {
      if (error instanceof FcError && error.isUnreachable) return 'unknown' as const;
      throw error;
    });
    if (found === null)
      throw refused(422, 'version-unknown', `${service} has no version ${version}; it may have been deleted`);
  }
}

async function moveAlias(
  parts: ApiParts,
  principal: Principal,
  state: EnvironmentState,
  { service, version }: Target,
  comment: string,
): Promise<void> {
  const { alias } = state.record;
  const place = { project: state.project, environment: state.record.name, service, alias };
  try {
    let current = await readAlias(parts, service, alias);
    // Stored before the move: a workflow that comes back between the two finds the reason for what it sees.
    await addOverride(
      parts.db,
      { ...place, from: current.value, toVersion: version, actor: principal.name, comment },
      [current.value.versionId, ...Object.keys(current.value.additionalVersionWeight)],
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
function sayOverride(alias: string, targets: readonly Target[]): string {
  const moves = targets.map((t) => `${t.service} to version ${t.version}`).join(', ');
  return `${alias}: ${moves}; done by the API itself, because no workflow answered`;
}

function refused(status: number, code: string, detail: string): Problem {
  return new Problem({ status, code, detail });
}
