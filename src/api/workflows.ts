/**
 * The API's way to workflows: updates with a time limit. Temporal being down is an answer, not a fault of the API:
 * the connection is made when first needed and mends itself.
 */
import { randomUUID } from 'node:crypto';
import {
  ApplicationFailure,
  Client,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { Logger } from '../platform/log.ts';
import { within } from '../platform/within.ts';
import { ACT_FAILURES, type ActOutcome } from '../workflows/messages.ts';
import { Problem } from './problem.ts';
import { createTemporalConnection } from './temporal-connection.ts';

export type UpdateAnswer =
  | { readonly kind: 'done'; readonly outcome: string }
  /** The workflow has taken it, its outcome is not known yet. */
  | { readonly kind: 'accepted' }
  /** Handed to Temporal, but no worker has answered; it goes on being offered. */
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'unreachable' }
  /** There is no such workflow, or it has ended. */
  | { readonly kind: 'gone' };

export interface UpdateRequest<Args extends [object]> {
  readonly workflowId: string;
  readonly update: UpdateDefinition<ActOutcome, Args>;
  readonly args: Args;
  /** Requests with the same id count once. */
  readonly updateId?: string | undefined;
  /** Longest wait for the workflow to take it, milliseconds. */
  readonly acceptMs: number;
  /** Longest wait for the outcome, from the beginning, milliseconds. */
  readonly outcomeMs: number;
  /** Withdraw an update that was not taken in time, because the caller then acts in another way. */
  readonly withdrawLate: boolean;
}

export interface Workflows {
  /** @throws Problem 403 or 409 when the workflow refuses */
  update<Args extends [object]>(request: UpdateRequest<Args>): Promise<UpdateAnswer>;
  /** Resolves when Temporal answers. */
  check(waitMs: number): Promise<void>;
  close(): Promise<void>;
}

/** How long an update that nobody took is still offered, milliseconds. */
const OFFER_MS = 10 * 60_000;
/** How long Temporal may take to answer the simplest question, milliseconds. */
const PROBE_MS = 1_000;
const LATE: unique symbol = Symbol('late');
const late = (): typeof LATE => LATE;
const UNREACHABLE: unique symbol = Symbol('unreachable');

export function createWorkflows(
  options: { readonly address: string; readonly namespace: string },
  log: Logger,
): Workflows {
  const { connection, asking, close } = createTemporalConnection(options.address);
  const client = new Client({ connection, namespace: options.namespace });

  async function check(waitMs: number): Promise<void> {
    await asking(() =>
      connection.withDeadline(Date.now() + waitMs, () => connection.workflowService.getSystemInfo({})),
    );
  }

  function answers(): Promise<boolean> {
    return check(PROBE_MS).then(
      () => true,
      () => false,
    );
  }
  /** Whoever has another way to act need not wait for a server that does not even answer. */
  async function orUnreachable<T>(offer: Promise<T>): Promise<T | typeof UNREACHABLE> {
    const probe = async (): Promise<T | typeof UNREACHABLE> => ((await answers()) ? offer : UNREACHABLE);
    return Promise.race([offer, probe()]);
  }

  async function update<Args extends [object]>(request: UpdateRequest<Args>): Promise<UpdateAnswer> {
    const began = performance.now();
    const updateId = request.updateId ?? randomUUID();
    const withdrawn = new AbortController();
    const offer = asking(() =>
      connection.withAbortSignal(withdrawn.signal, () =>
        client.workflow
          .getHandle(request.workflowId)
          .startUpdate(request.update, { args: request.args, updateId, waitForStage: 'ACCEPTED' }),
      ),
    );
    try {
      const handle = await within(
        request.withdrawLate ? orUnreachable(offer) : offer,
        request.acceptMs,
        late,
      );
      if (handle === LATE) {
        const reachable = request.withdrawLate || (await answers());
        if (!reachable || request.withdrawLate) withdrawn.abort();
        else void setTimeout(() => withdrawn.abort(), OFFER_MS).unref();
        void offer.then(
          (late) => asking(() => followUp(late, log)),
          (error: unknown) => log.info({ err: error, updateId }, 'an offered update was not taken'),
        );
        return { kind: reachable ? 'unanswered' : 'unreachable' };
      }
      if (handle === UNREACHABLE) {
        withdrawn.abort();
        offer.catch(() => undefined);
        return { kind: 'unreachable' };
      }
      const outcome = await within(
        asking(() => handle.result()),
        request.outcomeMs - (performance.now() - began),
        late,
      );
      return outcome === LATE ? { kind: 'accepted' } : { kind: 'done', outcome: outcome.outcome };
    } catch (error) {
      return answerOf(error);
    }
  }
  return { update, check, close };
}

/** An update that was taken after its caller left: its outcome goes to the log. */
async function followUp(handle: WorkflowUpdateHandle<ActOutcome>, log: Logger): Promise<void> {
  try {
    const { outcome } = await handle.result();
    log.info({ workflowId: handle.workflowId, outcome }, 'an update was answered late');
  } catch (error) {
    log.info({ workflowId: handle.workflowId, err: error }, 'an update was refused late');
  }
}

function answerOf(error: unknown): UpdateAnswer {
  if (error instanceof WorkflowNotFoundError) return { kind: 'gone' };
  if (error instanceof WorkflowUpdateFailedError) {
    const cause = error.cause;
    if (cause instanceof ApplicationFailure) throw refusal(cause);
    throw error;
  }
  if (isUnavailable(error)) return { kind: 'unreachable' };
  throw error;
}

function refusal(failure: ApplicationFailure): Problem {
  const detail = failure.details?.[0] as { code?: string; decision?: unknown } | undefined;
  const forbidden = failure.type === ACT_FAILURES.forbidden;
  return new Problem({
    status: forbidden ? 403 : 409,
    code: detail?.code ?? (forbidden ? 'forbidden' : 'conflict'),
    detail: failure.message,
    extra: detail?.decision ? { decision: detail.decision } : {},
    cause: failure,
  });
}

/** gRPC: cancelled, deadline exceeded, unavailable. */
function isUnavailable(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as { code?: unknown }).code;
    if (code === 1 || code === 4 || code === 14) return true;
  }
  return false;
}
