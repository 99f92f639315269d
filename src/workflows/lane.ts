/**
 * The lane of one project environment: an entity workflow that lives as long as the environment. It queues releases,
 * runs one at a time as a child, and lets a person roll the environment back past the queue. Handlers only change the
 * state (`lane-state.ts`); the loop below acts.
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  patched,
  setHandler,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
  type ExternalWorkflowHandle,
} from '@temporalio/workflow';
import {
  arrive,
  drop,
  free,
  hold,
  laneStateOf,
  laneView,
  settle,
  type LaneEffect,
  type LaneState,
  type LaneStep,
} from './lane-state.ts';
import {
  abortQueuedUpdate,
  bakeHarmSignal,
  freezeSignal,
  laneFreeSignal,
  laneNoticeSignal,
  laneQuery,
  pushesSignal,
  pushSignal,
  releaseWorkflowId,
  replaceSignal,
  rollbackUpdate,
  stopSignal,
  wentBackSignal,
  type ActOutcome,
  type BakeHarm,
  type LaneInput,
  type PersonsAct,
  type ReleaseInput,
  type RollbackRequest,
  type WaitingRelease,
} from './messages.ts';
import { store } from './proxies.ts';
import { refuseAbortQueued } from './lane-abort.ts';
import { rollBackBaked } from './lane-bake.ts';
import { recordOne, recordsInFront, recordTogether } from './lane-record.ts';
import { refuseRollback, restoreOf, restoreTarget, rollBackByPerson } from './lane-rollback.ts';
import { laneWaitMs } from './lane-wait.ts';
import type { release } from './release/release.ts';

/** Pauses while a release that has told its end has not closed yet, growing. */
const CLOSING_MS = 500;
const LONGEST_CLOSING_MS = 10_000;
/** Lanes of before gave up after as many. */
const CLOSING_TRIES = 20;

export async function lane(input: LaneInput): Promise<void> {
  const { project, environment } = input;
  let state = laneStateOf(input);
  const effects: LaneEffect[] = [];
  let enqueued = 0;
  let performed = 0;
  /** Something happened that the facts were not asked for yet. */
  let isStale = isBusy() && patched('lane-facts');
  /** When the facts change by themselves, Unix milliseconds. */
  let changesAt: number | null = null;
  /** Releases whose end this run of the lane will hear of by itself, and which try of them it is. */
  const attached = new Map<string, number>();

  function isBusy(): boolean {
    return state.running !== null || state.waiting.length > 0;
  }

  /** Effects are done by the loop, in their order. */
  function enqueue(more: readonly LaneEffect[]): void {
    effects.push(...more);
    enqueued += more.length;
  }

  function take(step: LaneStep): void {
    state = step.state;
    enqueue(step.effects);
  }

  function changed(next: LaneState): void {
    if (next === state) return;
    state = next;
    // Lanes of before decided at once: they asked for nothing.
    if (patched('lane-facts')) isStale = true;
    else take(settle(state, null));
  }

  async function start(waiting: WaitingRelease, tries = 0): Promise<void> {
    const { releaseId, nextSeq, attempt = 1 } = waiting;
    const isRetry = attempt > 1;
    // The end of the try before is not the end of this one.
    attached.delete(releaseId);
    const input: ReleaseInput = { schema: 1, releaseId, project, environment, nextSeq };
    try {
      const child = await startChild<typeof release>('release', {
        args: [isRetry ? { ...input, attempt } : input],
        workflowId: releaseWorkflowId(releaseId),
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: isRetry
          ? WorkflowIdReusePolicy.ALLOW_DUPLICATE
          : WorkflowIdReusePolicy.REJECT_DUPLICATE,
      });
      attached.set(releaseId, attempt);
      const ended = (): void => {
        if (attached.get(releaseId) !== attempt) return;
        attached.delete(releaseId);
        changed(free(state, releaseId, attempt));
      };
      // However it ended (it may have been terminated), the lane goes on.
      child.result().then(ended, ended);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (isRetry && (tries < CLOSING_TRIES || patched('closing-awaited'))) {
        // The try before has told its end, and is about to close.
        await sleep(Math.min(CLOSING_MS * (1 + tries), LONGEST_CLOSING_MS));
        return start(waiting, tries + 1);
      }
      log.info('the release was started before; waiting for its end', { releaseId });
    }
  }

  async function perform(effect: LaneEffect): Promise<void> {
    switch (effect.kind) {
      case 'start':
        return start(effect.release);
      case 'restore':
        return restoreTarget({ project, environment, ...effect });
      case 'record':
        return recordOne(effect);
      case 'freeze':
        return tell(effect.releaseId, (release) => release.signal(freezeSignal, { freeze: effect.freeze }));
      case 'replace':
        return tell(effect.releaseId, (release) => release.signal(replaceSignal, { by: effect.by }));
    }
  }

  /** Asks what stands now, and decides by it. */
  async function look(): Promise<void> {
    isStale = false;
    changesAt = null;
    if (!isBusy()) return;
    const { running, waiting, replaced } = state;
    const releases = [...(running === null ? [] : [running]), ...waiting.map(({ releaseId }) => releaseId)];
    const facts = await store.laneFacts({
      project,
      environment,
      releases,
      replaced: replaced?.releaseId ?? null,
    });
    ({ changesAt } = facts);
    take(settle(state, facts));
  }

  async function abortQueued(act: PersonsAct & { readonly releaseId: string }): Promise<ActOutcome> {
    const refusal = refuseAbortQueued(state, act);
    if (refusal) throw refusal;
    take(drop(state, act.releaseId, act));
    isStale = true;
    const last = enqueued;
    await condition(() => performed >= last);
    return { outcome: 'aborted' };
  }

  async function stopRunning({ actor, comment }: PersonsAct): Promise<string | null> {
    const running = state.running;
    if (running === null) return null;
    await tell(running, (release) => release.signal(stopSignal, { actor, comment }));
    await condition(() => state.running !== running);
    return running;
  }

  async function rollBack(request: RollbackRequest): Promise<ActOutcome> {
    const refusal = refuseRollback(state, request);
    if (refusal) throw refusal;
    state = hold(state, true);
    if (patched('lane-facts')) isStale = true;
    try {
      const moved = await rollBackByPerson({ project, environment }, request, () => stopRunning(request));
      enqueue(moved.map(restoreOf));
      return { outcome: 'rolled-back' };
    } finally {
      changed(hold(state, false));
    }
  }

  /** A person who rolls back has the aliases; a newer release only where they are not at the harmful version any more. */
  async function takeBack(harm: BakeHarm): Promise<void> {
    const newer = state.running;
    if (state.held || (newer !== null && !patched('harm-beside-newer'))) return;
    state = hold(state, true);
    try {
      // Told before: its first move must not take this for somebody else's.
      const begin = async (): Promise<void> => {
        if (newer !== null) await tell(newer, (release) => release.signal(wentBackSignal, harm));
      };
      enqueue((await rollBackBaked({ project, environment }, harm, begin)).map(restoreOf));
    } finally {
      changed(hold(state, false));
    }
  }

  setHandler(bakeHarmSignal, takeBack);
  setHandler(pushesSignal, (queued) => changed(queued.reduce(arrive, state)));
  setHandler(pushSignal, (queued) => changed(arrive(state, queued)));
  setHandler(laneFreeSignal, ({ releaseId, attempt = 1 }) => changed(free(state, releaseId, attempt)));
  setHandler(laneNoticeSignal, () => {
    isStale = true;
  });
  setHandler(laneQuery, () => laneView(state));
  setHandler(rollbackUpdate, rollBack, {
    validator: (request) => {
      const refusal = refuseRollback(state, request);
      if (refusal) throw refusal;
    },
  });
  setHandler(abortQueuedUpdate, abortQueued, {
    validator: (act) => {
      const refusal = refuseAbortQueued(state, act);
      if (refusal) throw refusal;
    },
  });

  for (;;) {
    const isDue = (): boolean => effects.length > 0 || isStale || workflowInfo().continueAsNewSuggested;
    const lost = state.running !== null && !attached.has(state.running) ? state.running : null;
    const waitMs = laneWaitMs(lost !== null, changesAt);
    if (waitMs === null) await condition(isDue);
    else if (!(await condition(isDue, waitMs))) {
      if (changesAt !== null && Date.now() >= changesAt) isStale = true;
      if (lost !== null && (await store.releaseHasEnded({ releaseId: lost }))) changed(free(state, lost));
    }

    while (effects.length > 0 || isStale) {
      while (effects.length > 0) {
        const records = recordsInFront(effects);
        if (records.length > 1 && patched('records-together')) {
          effects.splice(0, records.length);
          await recordTogether(records);
          performed += records.length;
          continue;
        }
        const [effect] = effects.splice(0, 1);
        if (effect) await perform(effect);
        performed += 1;
      }
      if (isStale) await look();
    }

    if (workflowInfo().continueAsNewSuggested) {
      // A handler may itself wait for what this loop does.
      await condition(() => allHandlersFinished() || effects.length > 0 || isStale);
      // No await between this look and the end: a signal that came during the wait must not be lost.
      if (effects.length > 0 || isStale) continue;
      const { running, attempt, waiting, known, told, replaced } = state;
      await continueAsNew<typeof lane>({
        schema: 1,
        project,
        environment,
        waiting,
        running,
        attempt,
        known,
        told,
        replaced,
      });
    }
  }
}

/** A release that has ended meanwhile needs no word. */
async function tell(
  releaseId: string,
  say: (release: ExternalWorkflowHandle) => Promise<void>,
): Promise<void> {
  try {
    await say(getExternalWorkflowHandle(releaseWorkflowId(releaseId)));
  } catch (error) {
    log.info('the release could not be told; it has ended', { releaseId, error });
  }
}
