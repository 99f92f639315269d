/**
 * A person's rollback that the API carries out itself, because no workflow answers: it moves the aliases and leaves an
 * override for each, to which the workflow yields when it is back. The intent is stored before the first move. Where the
 * API dies on the way, the next one goes on from it, and the record comes out as if nothing had happened.
 */
import { newId } from '../platform/new-id.ts';
import type { FcAlias, Tagged } from '../fc/client.ts';
import { FcError } from '../fc/errors.ts';
import { environmentId } from '../domain/plan/environment.ts';
import type { ReleaseEvent } from '../domain/release/events.ts';
import {
  personsStory,
  rollbackBegun,
  rollbackDone,
  rollbackFailed,
  type RollbackTarget,
  type RolledBack,
} from '../domain/release/rollback-story.ts';
import { hasEnded } from '../domain/release/states.ts';
import { ensureError } from '../platform/errors.ts';
import { saveAliasState } from '../store/alias-states.ts';
import { addAudit, type AuditFact } from '../store/audit.ts';
import { recordEvents } from '../store/events.ts';
import { addOverride, overrideAfter } from '../store/overrides.ts';
import { findRelease } from '../store/releases.ts';
import {
  endRollbackIntent,
  takeRollbackIntent,
  type RollbackIntent,
  type RollbackRequest,
} from '../store/rollback-intents.ts';
import { createRollbackRecord } from '../store/rollback-records.ts';
import type { Db } from '../store/store.ts';
import { isDatabaseLost } from './database-retry.ts';
import type { ApiParts } from './parts.ts';
import { refused, unreachable503 } from './problem.ts';

export type RollbackParts = Pick<ApiParts, 'db' | 'fc'>;

/** How long nobody else goes on with a rollback that somebody is at, milliseconds. */
export const ROLLBACK_LEASE_MS = 15_000;
/** How often another's change of the alias is stepped over; more would be a fight. */
const TRIES = 5;

/**
 * @param request `key`: of the request's own record, the same for all its tries
 * @returns id of the record
 * @throws Problem 409, 503
 */
export async function rollBackByApi(
  parts: RollbackParts,
  request: RollbackRequest & { readonly key: string },
): Promise<string> {
  const { releaseId, intent } = await parts.db.transaction().execute((tx) => begin(tx, request));
  if (intent) await carryOut(parts, intent, { isLate: false });
  return releaseId;
}

/** Goes on with a rollback that another API left. @throws where it cannot be ended yet */
export async function goOnRollingBack(parts: RollbackParts, intent: RollbackIntent): Promise<void> {
  await carryOut(parts, intent, { isLate: true });
}

/** Record and intent. No intent: a try before has done it. */
async function begin(
  tx: Db,
  { key, ...request }: RollbackRequest & { readonly key: string },
): Promise<{ readonly releaseId: string; readonly intent: RollbackIntent | null }> {
  const { project, environment, actor } = request;
  const services = request.targets.map(({ service }) => service);
  const create = (recordKey: string): Promise<{ readonly id: string }> =>
    createRollbackRecord(tx, { project, environment, key: recordKey, actor: actor.name, services });
  let { id: releaseId } = await create(key);
  const state = (await findRelease(tx, releaseId))?.progress.state;
  if (state === 'rolled-back') return { releaseId, intent: null };
  // One that failed has told its end: the next try is told anew.
  if (state !== undefined && hasEnded(state)) ({ id: releaseId } = await create(`${key}:${newId()}`));
  await tell(tx, releaseId, rollbackBegun(personsStory(request)), 1);
  const intent = await takeRollbackIntent(tx, { ...request, releaseId, leaseMs: ROLLBACK_LEASE_MS });
  return { releaseId, intent };
}

async function carryOut(parts: RollbackParts, intent: RollbackIntent, how: Lateness): Promise<void> {
  const story = personsStory(intent);
  const moved: RolledBack[] = [];
  const end = (outcome: 'ok' | 'failed', events: readonly ReleaseEvent[]): Promise<void> =>
    parts.db.transaction().execute(async (tx) => {
      await tell(tx, intent.releaseId, events, rollbackBegun(story).length + 1);
      await endRollbackIntent(tx, intent.releaseId);
      // Of an act whose API lives, whoever asked for it leaves the entry.
      if (how.isLate) await addAudit(tx, entryOf(intent, outcome));
    });
  try {
    for (const target of intent.targets) moved.push(await moveAlias(parts, intent, target, how));
  } catch (error) {
    // Nobody could be told how it ended, or nobody waits for an answer: whoever comes next goes on.
    const isLeft = isDatabaseLost(error) || (how.isLate && isUnreachable(error));
    if (!isLeft) await end('failed', rollbackFailed(moved, ensureError(error).message));
    throw error;
  }
  await end('ok', rollbackDone(story, moved));
}

interface Lateness {
  /** Somebody else began it: what was decided or done meanwhile stands. */
  readonly isLate: boolean;
}

async function moveAlias(
  parts: RollbackParts,
  { project, environment, alias, actor, comment, afterOverride }: RollbackIntent,
  { service, version }: RollbackTarget,
  { isLate }: Lateness,
): Promise<RolledBack> {
  const place = { project, environment, service, alias };
  let left: readonly string[];
  try {
    let current = await readAlias(parts, service, alias);
    const override = await overrideAfter(parts.db, { service, alias, afterId: afterOverride });
    if (override !== undefined && override.toVersion !== version)
      throw refused(
        409,
        'overridden',
        `${override.actor} set alias ${alias} of ${service} to version ${override.toVersion} after this was asked for`,
      );
    const before = override === undefined ? current.value : aliasIn(override.from, current.value);
    if (isLate && !standsAlone(current.value, version) && !standsAs(current.value, before))
      throw refused(
        409,
        'changed-outside',
        `alias ${alias} of ${service} was moved again before this rollback was done: version ${current.value.versionId} is live; it stays so`,
      );
    left = versionsOf(before);
    // Stored before the move: a workflow that comes back between the two finds the reason for what it sees.
    if (override === undefined)
      await addOverride(
        parts.db,
        { ...place, from: current.value, toVersion: version, actor: actor.name, comment },
        left,
      );
    for (let tries = 1; !standsAlone(current.value, version); tries += 1) {
      try {
        const target = { versionId: version, additionalVersionWeight: {} };
        current = await parts.fc.updateAlias(service, alias, target, current.etag);
      } catch (error) {
        if (!(error instanceof FcError) || !error.isConflict || tries >= TRIES) throw error;
        current = await readAlias(parts, service, alias);
      }
    }
  } catch (error) {
    if (isUnreachable(error))
      throw unreachable503(
        'engine-unreachable',
        'neither Temporal nor the engine answers; the traffic was not moved, try again',
        error,
      );
    throw error;
  }
  await saveAliasState(parts.db, { ...place, stable: version, canary: null, weight: 0, releaseId: null });
  return { service, version, alias, left: left.find((one) => one !== version) ?? null };
}

function entryOf(
  { releaseId: release, project, environment, actor, comment, targets }: RollbackIntent,
  outcome: 'ok' | 'failed',
): AuditFact {
  return {
    actor: actor.name,
    role: actor.role ?? 'none',
    action: 'environment.rollback',
    target: `environment:${environmentId(project, environment)}`,
    outcome,
    detail: { comment, targets, release, past: 'workflow', goneOn: true },
  };
}

/** Events from a number on; those that are stored already stay as they are. */
async function tell(tx: Db, releaseId: string, events: readonly ReleaseEvent[], from: number): Promise<void> {
  const at = Date.now();
  await recordEvents(
    tx,
    events.map((event, index) => ({ releaseId, seq: from + index, at, event })),
  );
}

async function readAlias(parts: RollbackParts, service: string, alias: string): Promise<Tagged<FcAlias>> {
  const current = await parts.fc.getAlias(service, alias);
  if (current === null) throw refused(409, 'alias-missing', `${service} has no alias ${alias}`);
  return current;
}

/** What an override of the API keeps; the lane's, which is stored after its move, has another form. */
function aliasIn(from: object, otherwise: FcAlias): FcAlias {
  return 'versionId' in from && 'additionalVersionWeight' in from ? (from as FcAlias) : otherwise;
}

function versionsOf({ versionId, additionalVersionWeight }: FcAlias): readonly string[] {
  return [versionId, ...Object.keys(additionalVersionWeight)];
}

function standsAlone(alias: FcAlias, version: string): boolean {
  return alias.versionId === version && Object.values(alias.additionalVersionWeight).every((w) => w === 0);
}

function standsAs(alias: FcAlias, { versionId, additionalVersionWeight }: FcAlias): boolean {
  const [weights, others] = [alias.additionalVersionWeight, additionalVersionWeight];
  return (
    alias.versionId === versionId &&
    Object.keys(weights).length === Object.keys(others).length &&
    Object.entries(weights).every(([version, weight]) => others[version] === weight)
  );
}

function isUnreachable(error: unknown): boolean {
  const cause = error instanceof FcError ? error : ensureError(error).cause;
  return cause instanceof FcError && cause.isUnreachable;
}
