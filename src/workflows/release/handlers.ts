/**
 * What people, the lane and the watch may tell a running release. Validators refuse before anything is accepted;
 * handlers check again, change the state, and answer when the record has it. The stages act on the state.
 */
import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, patched, setHandler } from '@temporalio/workflow';
import type { Look } from '../../domain/analysis/look.ts';
import {
  ACT_FAILURES,
  abortUpdate,
  aliasSignal,
  approveUpdate,
  freezeSignal,
  lookSignal,
  pauseUpdate,
  promoteUpdate,
  rejectUpdate,
  replaceSignal,
  resumeUpdate,
  skipUpdate,
  stopSignal,
  takeOverUpdate,
  wentBackSignal,
  yieldUpdate,
  type ActOutcome,
  type Decision,
  type PersonsAct,
} from '../messages.ts';
import * as acts from './acts.ts';
import { isUnderWay, stop, type Control, type Refusal } from './control.ts';
import { approve, refuseDecision, reject } from './decisions.ts';
import { sayKeepers, setFreeze } from './keepers.ts';
import type { ReleaseRun } from './run.ts';

/** Call before the first await: an update that comes early must find its handler. */
export function handleMessages(run: ReleaseRun): void {
  handleDecisions(run);
  handleActs(run);
  handleLane(run);
  handleWatch(run);
}

function handleDecisions(run: ReleaseRun): void {
  const admit = (decision: Decision): void =>
    orThrow(refuseDecision(run.control, decision, run.source?.author ?? ''));

  setHandler(
    approveUpdate,
    async (decision) => {
      admit(decision);
      run.control = approve(run.control, decision);
      recordDecision(run, decision, 'approved');
      const isGranted = run.control.open === null;
      if (isGranted) run.record.emit({ type: 'approval-closed', step: decision.step, outcome: 'granted' });
      return answer(run, isGranted ? 'approved' : 'more-approvals-needed');
    },
    { validator: admit },
  );

  setHandler(
    rejectUpdate,
    async (decision) => {
      admit(decision);
      run.control = reject(run.control, decision);
      recordDecision(run, decision, 'rejected');
      run.record.emit({ type: 'approval-closed', step: decision.step, outcome: 'refused' });
      return answer(run, 'rejected');
    },
    { validator: admit },
  );
}

interface Act<A extends PersonsAct> {
  readonly update: UpdateDefinition<ActOutcome, [A]>;
  readonly refuse: (control: Control, act: A) => Refusal | null;
  readonly apply: (control: Control, act: A) => Control;
  readonly outcome: string;
  /** What the record says of it, where its consequences don't. */
  readonly record?: (before: Control, act: A) => void;
}

function handleActs(run: ReleaseRun): void {
  const steps = () => run.source?.plan.steps ?? [];
  const on = <A extends PersonsAct>({ update, refuse, apply, outcome, record }: Act<A>): void => {
    const admit = (act: A): void => orThrow(refuse(run.control, act));
    const handle = async (act: A): Promise<ActOutcome> => {
      admit(act);
      const before = run.control;
      run.control = apply(before, act);
      record?.(before, act);
      return answer(run, outcome);
    };
    setHandler(update, handle, { validator: admit });
  };

  on({ update: abortUpdate, refuse: acts.refuseAbort, apply: acts.abort, outcome: 'aborting' });
  on({ update: takeOverUpdate, refuse: acts.refuseTakeOver, apply: acts.takeOver, outcome: 'taking-over' });
  on({ update: yieldUpdate, refuse: acts.refuseYield, apply: acts.yieldTo, outcome: 'yielding' });
  on({
    update: pauseUpdate,
    refuse: acts.refusePause,
    apply: acts.pause,
    outcome: 'paused',
    record: () => sayKeepers(run),
  });
  on({
    update: resumeUpdate,
    refuse: acts.refuseResume,
    apply: acts.resume,
    outcome: 'resumed',
    record: (_, { actor }) => sayKeepers(run, actor),
  });
  on({
    update: skipUpdate,
    refuse: acts.refuseSkip,
    apply: acts.skip,
    outcome: 'skipped',
    record: ({ step }, { actor, comment }) =>
      run.record.emit({ type: 'advanced', act: 'skip', step: step ?? 0, actor, comment }),
  });
  on({
    update: promoteUpdate,
    refuse: (control, act) => acts.refusePromote(control, act, steps(), run.source?.author ?? ''),
    apply: acts.promoteNow,
    outcome: 'promoting',
    record: ({ step, open, paused }, { actor, comment }) => {
      if (open !== null) run.record.emit({ type: 'approval-closed', step: open.step, outcome: 'overtaken' });
      if (paused !== null) run.record.emit({ type: 'resumed', actor });
      run.record.emit({ type: 'advanced', act: 'promote', step: step ?? 0, actor, comment });
    },
  });
}

function handleLane(run: ReleaseRun): void {
  const isStoppable = (): boolean => {
    const { phase } = run.control;
    if (phase === 'running' || phase === 'changed-outside' || phase === 'live') return true;
    // The lane waits for the end, and hooks of an hour or a question may come before it.
    return phase === 'promoting' && patched('stop-while-promoting');
  };
  const mayTakeBack = (): boolean =>
    run.control.phase === 'running' || (isUnderWay(run.control) && patched('stop-while-outside'));

  // The lane speaks for a person whose right it has checked; what is ending already just ends.
  setHandler(stopSignal, (act) => {
    // The lane waits for our end: a question that comes up on the way must not hold up a rollback by hand.
    if (patched('let-go')) run.control = { ...run.control, letGo: act };
    if (isStoppable()) run.control = acts.abort(run.control, act);
  });
  setHandler(wentBackSignal, ({ targets }) => {
    run.wentBack = [...run.wentBack, ...targets];
  });
  setHandler(replaceSignal, ({ by }) => {
    if (mayTakeBack()) run.control = stop(run.control, { cause: 'superseded', by });
  });
  setHandler(freezeSignal, ({ freeze }) => {
    if (freeze?.underWay !== 'roll-back') return setFreeze(run, freeze);
    if (mayTakeBack()) run.control = stop(run.control, { cause: 'freeze', reason: freeze.reason });
  });
}

function handleWatch(run: ReleaseRun): void {
  let isBlind = false;
  setHandler(lookSignal, (look) => {
    if (run.control.phase !== 'running' || run.control.stop !== null) return;
    run.look = look;
    run.record.emit({ type: 'verdict', look });
    if (isSilent(look) === isBlind || !patched('metrics-events')) return;
    isBlind = !isBlind;
    if (isBlind) run.record.emit({ type: 'blocked', reason: 'no-metrics', message: look.sentence });
    else run.record.emit({ type: 'cleared', reason: 'no-metrics' });
  });
  setHandler(aliasSignal, ({ service }) => void run.suspected.add(service));
}

function isSilent({ cause }: Look): boolean {
  return cause === 'no-metrics';
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
