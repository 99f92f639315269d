/** What people do to a running release: approve, reject, abort, pause and the rest. Shared by the API's routes and the console's forms. */
import { createHash } from 'node:crypto';
import type { UpdateDefinition } from '@temporalio/common';
import { ACT_ROLES, type PersonAct } from '../domain/release/act-roles.ts';
import { hasEnded, type Role } from '../domain/release/states.ts';
import type { Look } from '../domain/analysis/look.ts';
import { listEvaluations } from '../store/evaluations.ts';
import type { Release } from '../store/releases.ts';
import {
  abortQueuedUpdate,
  abortUpdate,
  approveUpdate,
  laneWorkflowId,
  NOT_QUEUED,
  pauseUpdate,
  promoteUpdate,
  rejectUpdate,
  releaseWorkflowId,
  resumeUpdate,
  skipUpdate,
  takeOverUpdate,
  yieldUpdate,
  type ActOutcome,
  type PersonsAct,
} from '../workflows/messages.ts';
import { audited } from './auth/audited.ts';
import { actorOf, requireRole, type Principal } from './auth/principal.ts';
import type { ApiParts } from './parts.ts';
import { Problem, unreachable503 } from './problem.ts';
import type { ActOutcomeView } from './schema/release.ts';
import type { UpdateAnswer, UpdateRequest } from './workflows.ts';

export type ReleaseAct =
  | { readonly kind: 'approve' | 'reject'; readonly step: number; readonly look: number | undefined }
  | { readonly kind: PlainAct }
  /** `step`: whose hold is meant; `undefined`: whichever it is at. */
  | { readonly kind: 'skip'; readonly step: number | undefined };

/** Acts that need nothing but a comment. */
export type PlainAct = Exclude<PersonAct, 'retry' | 'skip'>;

const PLAIN_UPDATES: Readonly<Record<PlainAct, UpdateDefinition<ActOutcome, [PersonsAct]>>> = {
  abort: abortUpdate,
  pause: pauseUpdate,
  resume: resumeUpdate,
  promote: promoteUpdate,
  'take-over': takeOverUpdate,
  yield: yieldUpdate,
};
export const PLAIN_ACTS = Object.keys(PLAIN_UPDATES) as PlainAct[];

export interface ActRequest {
  readonly act: ReleaseAct;
  readonly comment: string;
  /** From the client; equal keys of one person count once. */
  readonly idempotencyKey: string | undefined;
}

/** How long the answer waits for the outcome, milliseconds; later it is `pending`. */
export const OUTCOME_WAIT_MS = 5_000;

/**
 * Hands the act to the release's workflow, which decides.
 *
 * @throws Problem 403 and 409 when refused, 503 when Temporal does not answer (nothing was done then)
 */
export async function actOnRelease(
  parts: ApiParts,
  principal: Principal,
  release: Release,
  request: ActRequest,
): Promise<ActOutcomeView> {
  const { act, comment } = request;
  const detail = { comment, ...('step' in act && { step: act.step }) };
  const target = `release:${release.id}`;
  return audited(parts, { principal, action: `release.${act.kind}`, target, detail }, async () => {
    requireRole(principal, roleFor(act, release));
    if (hasEnded(release.progress.state)) throw ended(release.progress.state);
    const answer = await handOver(parts, principal, release, request);
    return outcomeOf(answer, release);
  });
}

/** An id under which the same request by the same person counts once; `undefined` without a key. */
export function updateIdOf(
  principal: Principal,
  target: string,
  idempotencyKey: string | undefined,
): string | undefined {
  if (idempotencyKey === undefined) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([principal.id, target, idempotencyKey]))
    .digest('hex');
}

function roleFor(act: ReleaseAct, release: Release): Role {
  if (act.kind !== 'approve' && act.kind !== 'reject') return ACT_ROLES[act.kind];
  const open = release.progress.approvals.find((a) => a.outcome === null && a.step === act.step);
  return open?.role ?? 'release-manager';
}

async function handOver(
  parts: ApiParts,
  principal: Principal,
  release: Release,
  { act, comment, idempotencyKey }: ActRequest,
): Promise<UpdateAnswer> {
  const common = {
    workflowId: releaseWorkflowId(release.id),
    updateId: updateIdOf(principal, `${release.id}/${act.kind}`, idempotencyKey),
    acceptMs: OUTCOME_WAIT_MS,
    outcomeMs: OUTCOME_WAIT_MS,
    withdrawLate: false,
  };
  const actor = actorOf(principal);
  if (act.kind === 'skip')
    return parts.workflows.update({
      ...common,
      update: skipUpdate,
      args: [{ actor, comment, step: act.step ?? null }],
    });
  if (!('step' in act)) {
    const queued =
      act.kind === 'abort' ? await abortQueued(parts, release, { ...common, actor, comment }) : null;
    return (
      queued ??
      parts.workflows.update({ ...common, update: PLAIN_UPDATES[act.kind], args: [{ actor, comment }] })
    );
  }
  const update = act.kind === 'approve' ? approveUpdate : rejectUpdate;
  const evidence = await seenLook(parts, release, act.look);
  return parts.workflows.update({
    ...common,
    update,
    args: [{ actor, comment, step: act.step, evidence }],
  });
}

/** A release that waits has no workflow yet: its lane ends it. `null`: it does not wait there. */
async function abortQueued(
  { workflows }: ApiParts,
  { id, project, environment, dryRun, progress }: Release,
  { actor, comment, ...common }: PersonsAct & Omit<UpdateRequest<[PersonsAct]>, 'update' | 'args'>,
): Promise<UpdateAnswer | null> {
  if (progress.state !== 'queued' || dryRun) return null;
  try {
    return await workflows.update({
      ...common,
      workflowId: laneWorkflowId(project, environment),
      update: abortQueuedUpdate,
      args: [{ releaseId: id, actor, comment }],
    });
  } catch (error) {
    if (error instanceof Problem && error.code === NOT_QUEUED) return null;
    throw error;
  }
}

/** The look that stood on the person's screen, where the request says which; else the newest. */
async function seenLook(parts: ApiParts, release: Release, number: number | undefined): Promise<Look | null> {
  if (number === undefined) return release.progress.verdict;
  const [look] = await listEvaluations(parts.db, release.id, { afterNumber: number - 1, limit: 1 });
  return look?.number === number ? look : release.progress.verdict;
}

function outcomeOf(answer: UpdateAnswer, release: Release): ActOutcomeView {
  const base = { release: release.id, environment: null };
  switch (answer.kind) {
    case 'done':
      return { ...base, pending: false, outcome: answer.outcome };
    case 'accepted':
      return { ...base, pending: true, outcome: 'accepted; its outcome is still to come' };
    case 'unanswered':
      return { ...base, pending: true, outcome: 'handed over; no worker has answered yet' };
    case 'unreachable':
      throw unreachable503('temporal-unreachable', 'Temporal does not answer; nothing was done, try again');
    case 'gone':
      throw new Problem({
        status: 409,
        code: 'release-not-running',
        detail:
          release.progress.state === 'queued'
            ? 'the release has not started yet'
            : 'the release has ended meanwhile',
      });
  }
}

function ended(state: string): Problem {
  return new Problem({
    status: 409,
    code: 'release-ended',
    detail: `the release has ended: ${state}`,
    extra: { state },
  });
}
