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
  setHandler,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import {
  free,
  hold,
  laneStateOf,
  laneView,
  letGo,
  push,
  type LaneEffect,
  type LaneStep,
} from './lane-state.ts';
import {
  laneFreeSignal,
  laneQuery,
  pushSignal,
  releaseWorkflowId,
  rollbackUpdate,
  stopSignal,
  type ActOutcome,
  type LaneInput,
  type ReleaseInput,
  type RollbackRequest,
  type WaitingRelease,
} from './messages.ts';
import { store } from './proxies.ts';
import { refuseRollback, restoreTarget, rollBackAliases } from './lane-rollback.ts';
import type { release } from './release/release.ts';

/** How often a lane that lost its child's handle asks the store whether that release has ended. */
const LOOK_AFTER_MS = 60_000;

export async function lane(input: LaneInput): Promise<void> {
  const { project, environment } = input;
  let state = laneStateOf(input);
  const effects: LaneEffect[] = [];
  /** Releases whose end this run of the lane will hear of by itself. */
  const attached = new Set<string>();

  function take(step: LaneStep): void {
    state = step.state;
    effects.push(...step.effects);
  }

  async function start(waiting: WaitingRelease): Promise<void> {
    const { releaseId, nextSeq } = waiting;
    const childInput: ReleaseInput = { schema: 1, releaseId, project, environment, nextSeq };
    try {
      const child = await startChild<typeof release>('release', {
        args: [childInput],
        workflowId: releaseWorkflowId(releaseId),
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      });
      attached.add(releaseId);
      const ended = (): void => {
        attached.delete(releaseId);
        take(free(state, releaseId));
      };
      // However it ended (it may have been terminated), the lane goes on.
      child.result().then(ended, ended);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      log.info('the release was started before; waiting for its end', { releaseId });
    }
  }

  async function perform(effect: LaneEffect): Promise<void> {
    switch (effect.kind) {
      case 'start':
        return start(effect.release);
      case 'restore':
        return restoreTarget({ project, environment, ...effect });
      case 'record': {
        const { releaseId, seq, event } = effect;
        return store.record({ releaseId, events: [{ seq, at: Date.now(), event }] });
      }
    }
  }

  async function rollBack(request: RollbackRequest): Promise<ActOutcome> {
    const refusal = refuseRollback(state, request);
    if (refusal) throw refusal;
    state = hold(state);
    try {
      const running = state.running;
      if (running !== null) {
        const { actor, comment } = request;
        try {
          await getExternalWorkflowHandle(releaseWorkflowId(running)).signal(stopSignal, { actor, comment });
        } catch (error) {
          log.info('the running release has ended already', { running, error });
        }
        await condition(() => state.running !== running);
      }
      const moved = await rollBackAliases({ project, environment, request, stopped: running });
      effects.push(...moved.map((target): LaneEffect => ({ kind: 'restore', ...target })));
      return { outcome: 'rolled-back' };
    } finally {
      take(letGo(state));
    }
  }

  setHandler(pushSignal, (queued) => take(push(state, queued)));
  setHandler(laneFreeSignal, ({ releaseId }) => take(free(state, releaseId)));
  setHandler(laneQuery, () => laneView(state));
  setHandler(rollbackUpdate, rollBack, {
    validator: (request) => {
      const refusal = refuseRollback(state, request);
      if (refusal) throw refusal;
    },
  });

  for (;;) {
    const isDue = (): boolean => effects.length > 0 || workflowInfo().continueAsNewSuggested;
    const lost = state.running !== null && !attached.has(state.running) ? state.running : null;
    if (lost === null) await condition(isDue);
    else if (!(await condition(isDue, LOOK_AFTER_MS)) && (await store.releaseHasEnded({ releaseId: lost })))
      take(free(state, lost));

    for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) await perform(effect);

    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      // No await between this look and the end: a signal that came during the wait must not be lost.
      if (effects.length > 0) continue;
      const { running, waiting, known } = state;
      await continueAsNew<typeof lane>({ schema: 1, project, environment, waiting, running, known });
    }
  }
}
