/**
 * What people and the lane may tell a running release. Validators refuse before anything is accepted; handlers check
 * again, change the state, and answer when the record has it. The stages act on the state.
 */
import { ApplicationFailure, patched, setHandler } from '@temporalio/workflow';
import {
  ACT_FAILURES,
  abortUpdate,
  approveUpdate,
  lookSignal,
  rejectUpdate,
  stopSignal,
  type ActOutcome,
  type Decision,
  type PersonsAct,
} from '../messages.ts';
import { abort, approve, refuseAbort, refuseDecision, reject, standing, type Refusal } from './control.ts';
import type { ReleaseRun } from './run.ts';

/** Call before the first await: an update that comes early must find its handler. */
export function handleMessages(run: ReleaseRun): void {
  const admitDecision = (decision: Decision): void =>
    orThrow(refuseDecision(run.control, decision, run.source?.author ?? ''));
  const admitAbort = (act: PersonsAct): void => orThrow(refuseAbort(run.control, act));

  setHandler(
    approveUpdate,
    async (decision) => {
      admitDecision(decision);
      run.control = approve(run.control, decision);
      recordDecision(run, decision, 'approved');
      const isGranted = standing(run.control, decision.step) !== null;
      if (isGranted) run.record.emit({ type: 'approval-closed', step: decision.step, outcome: 'granted' });
      return answer(run, isGranted ? 'approved' : 'more-approvals-needed');
    },
    { validator: admitDecision },
  );

  setHandler(
    rejectUpdate,
    async (decision) => {
      admitDecision(decision);
      run.control = reject(run.control, decision);
      recordDecision(run, decision, 'rejected');
      run.record.emit({ type: 'approval-closed', step: decision.step, outcome: 'refused' });
      return answer(run, 'rejected');
    },
    { validator: admitDecision },
  );

  setHandler(
    abortUpdate,
    async (act) => {
      admitAbort(act);
      run.control = abort(run.control, act);
      return answer(run, 'aborting');
    },
    { validator: admitAbort },
  );

  // The lane speaks for a person whose right it has checked; what is ending already just ends.
  setHandler(stopSignal, (act) => {
    if (run.control.phase === 'running' || run.control.phase === 'changed-outside')
      run.control = abort(run.control, act);
  });

  let isBlind = false;
  setHandler(lookSignal, (look) => {
    if (run.control.phase !== 'running' || run.control.stop !== null) return;
    run.record.emit({ type: 'verdict', look });
    const { cause, sentence } = look;
    if ((cause === 'no-metrics') === isBlind || !patched('metrics-events')) return;
    isBlind = !isBlind;
    if (isBlind) run.record.emit({ type: 'blocked', reason: 'no-metrics', message: sentence });
    else run.record.emit({ type: 'cleared', reason: 'no-metrics' });
  });
}

function recordDecision(run: ReleaseRun, decision: Decision, outcome: 'approved' | 'rejected'): void {
  const { step, actor, comment, evidence } = decision;
  run.record.emit({ type: 'approval-decided', step, decision: outcome, actor, comment, evidence });
}

async function answer(run: ReleaseRun, outcome: string): Promise<ActOutcome> {
  await run.record.flush();
  return { outcome };
}

/** Anything but an ApplicationFailure would fail the workflow's task and hang the release. */
function orThrow(refusal: Refusal | null): void {
  if (refusal === null) return;
  const { kind, code, message, decision } = refusal;
  throw ApplicationFailure.nonRetryable(message, ACT_FAILURES[kind], { code, decision });
}
