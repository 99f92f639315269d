/**
 * How a release ends that does not reach its end: stopped by harm, people or time, or failed. What was moved goes
 * back; what was only deployed is taken out of LATEST; what somebody else moved is left to a person.
 */
import { condition, isCancellation, log, patched } from '@temporalio/workflow';
import { SLUICE, type Actor, type ReleaseEvent } from '../../domain/release/events.ts';
import { FAILURES, type Overridden, type OutsideChange } from '../../domain/release/failures.ts';
import { because } from '../../domain/release/words.ts';
import { faultOf } from '../failure.ts';
import { restoreLatest, rollBackTraffic, type RollbackReason } from './rollback.ts';
import { toTakeBack, type ReleaseRun } from './run.ts';
import { StageFailed } from './stage.ts';
import { Yielded } from './outside.ts';
import { rollbackCauseOf, sayStop, stopActor } from './stop.ts';

/** Events that end a release. */
export type EndEvent = Extract<
  ReleaseEvent,
  {
    readonly type:
      | 'promoted'
      | 'rolled-back'
      | 'superseded'
      | 'rejected'
      | 'aborted'
      | 'failed'
      | 'unchanged'
      | 'dry-run-finished';
  }
>;

type AbortedEnd = Extract<EndEvent, { readonly type: 'aborted' }>;

/** Puts things right after `thrown` ended the stages. Call it in a scope that nothing cancels. */
export async function endAfter(run: ReleaseRun, thrown: unknown): Promise<EndEvent> {
  const end = await takeBack(run, thrown);
  try {
    await restoreLatest(run);
  } catch (error) {
    // The alias is right; the next deploy sets LATEST again.
    log.warn('LATEST could not be put back', { releaseId: run.input.releaseId, error });
  }
  return end;
}

async function takeBack(run: ReleaseRun, thrown: unknown): Promise<EndEvent> {
  const outside = await outsideEnd(run, thrown);
  run.control = { ...run.control, phase: 'ending' };
  if (outside !== null) {
    if (toTakeBack(run).length > 0 && run.left.size > 0 && patched('others-back'))
      await takeOthersBack(run, outside);
    return outside;
  }
  if (thrown instanceof Yielded) return yieldedEnd(run, thrown);
  const reason = reasonOf(run, thrown);
  if (!run.moved.some(({ stable }) => stable !== null)) return untouchedEnd(run, thrown, reason);
  try {
    await rollBackTraffic(run, reason);
  } catch (error) {
    if (error instanceof Yielded) return sayYielded(error);
    const end = await outsideEnd(run, error);
    if (end !== null) return end;
    throw error;
  }
  return rolledBackEnd(run, reason);
}

/** The alias that a person left stays as it is; the others of the release go back. */
async function yieldedEnd(run: ReleaseRun, yielded: Yielded): Promise<EndEvent> {
  const end = sayYielded(yielded);
  if (toTakeBack(run).length > 0) await takeOthersBack(run, end);
  return end;
}

/** What a person says of one alias is no answer for the others: none of them stays between steps. */
async function takeOthersBack(run: ReleaseRun, { actor, sentence }: AbortedEnd): Promise<void> {
  try {
    await rollBackTraffic(run, { cause: 'aborted', sentence, actor });
  } catch (error) {
    // One of them is left to a person too, who says so or has set it already.
    if (!(error instanceof Yielded) && !(error instanceof StageFailed)) throw error;
    log.warn('not every alias went back', { releaseId: run.input.releaseId, error });
  }
}

function sayYielded({ act: { actor, comment }, message }: Yielded): AbortedEnd {
  const why = comment === '' ? '' : ` (${comment})`;
  return aborted(actor, `ended by ${actor.name}${why}; ${message}`);
}

function reasonOf(run: ReleaseRun, thrown: unknown): RollbackReason {
  const { stop } = run.control;
  if (stop !== null) return { cause: rollbackCauseOf(stop), sentence: sayStop(stop), actor: stopActor(stop) };
  if (isCancellation(thrown))
    return { cause: 'aborted', sentence: 'the workflow was cancelled from outside', actor: SLUICE };
  const stage = thrown instanceof StageFailed ? `${thrown.stage} failed: ` : '';
  return { cause: 'stage-failed', sentence: `${stage}${faultOf(thrown).message}`, actor: SLUICE };
}

/** No alias of a live version was moved: the release failed or was aborted, and nothing has to go back. */
function untouchedEnd(
  run: ReleaseRun,
  thrown: unknown,
  { cause, sentence, actor }: RollbackReason,
): EndEvent {
  const { stop } = run.control;
  if (stop?.cause === 'superseded') return { type: 'superseded', by: stop.by, sentence };
  if (cause === 'aborted' || cause === 'freeze') return { type: 'aborted', actor, sentence };
  // A person was asked after a hook that failed before any traffic.
  if (cause === 'rejected') return { type: 'rejected', actor, sentence };
  if (thrown instanceof StageFailed)
    return { type: 'failed', stage: thrown.stage, sentence: thrown.fault.message };
  return { type: 'failed', stage: run.source === null ? 'source' : 'deploy', sentence };
}

function rolledBackEnd(run: ReleaseRun, { cause, sentence, actor }: RollbackReason): EndEvent {
  const { stop } = run.control;
  if (stop?.cause === 'superseded') return { type: 'superseded', by: stop.by, sentence };
  switch (cause) {
    case 'rejected':
      return { type: 'rejected', actor, sentence };
    case 'aborted':
    case 'person':
      return { type: 'aborted', actor, sentence };
    case 'harmful':
    case 'approval-timeout':
    case 'stage-failed':
    case 'superseded':
    case 'freeze':
    case 'bake':
      return { type: 'rolled-back', cause, sentence };
  }
}

/**
 * Somebody else moved the alias. A person's recorded override is an answer: the release ends. Otherwise it stops
 * moving traffic and waits until somebody aborts it; nothing is overwritten either way. `null`: no such thing.
 */
async function outsideEnd(run: ReleaseRun, thrown: unknown): Promise<AbortedEnd | null> {
  if (!(thrown instanceof StageFailed)) return null;
  const { type, message, detail } = thrown.fault;
  if (type === FAILURES.overridden) {
    const { actor, comment, version } = detail as Overridden;
    return aborted(
      { kind: 'person', name: actor },
      `${actor} set the alias to version ${version}${because(comment)}`,
    );
  }
  if (type !== FAILURES.changedOutside) return null;
  run.control = { ...run.control, phase: 'changed-outside' };
  run.record.emit({ type: 'paused', reason: 'changed-outside', actor: SLUICE });
  run.record.emit({ type: 'blocked', reason: 'changed-outside', message });
  await condition(() => run.control.yielded !== null);
  const { actor, comment } = run.control.yielded ?? { actor: SLUICE, comment: '' };
  const { found } = detail as OutsideChange;
  const why = comment === '' ? '' : ` (${comment})`;
  return aborted(actor, `aborted by ${actor.name}${why}; the alias stays as it was set outside: ${found}`);
}

function aborted(actor: Actor, sentence: string): AbortedEnd {
  return { type: 'aborted', actor, sentence };
}
