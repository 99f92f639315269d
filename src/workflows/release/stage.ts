/** Runs one stage: its begin, end or failure become events, and a failure becomes `StageFailed`. */
import { isCancellation } from '@temporalio/workflow';
import type { StageFailureDetail } from '../../domain/release/failures.ts';
import type { Stage } from '../../domain/release/states.ts';
import { faultOf, type Fault } from '../failure.ts';
import { Yielded } from './outside.ts';
import type { ReleaseRun } from './run.ts';
import { sayStop } from './stop.ts';

/** A stage that ended with a failure which its own retries could not mend. Never leaves the workflow. */
export class StageFailed extends Error {
  override readonly name = 'StageFailed';
  readonly stage: Stage;
  readonly fault: Fault;

  constructor(stage: Stage, fault: Fault) {
    super(fault.message);
    this.stage = stage;
    this.fault = fault;
  }
}

export interface StageResult<T> {
  readonly value: T;
  /** One line for people. */
  readonly summary: string;
}

/** The stage's value. Cancellation passes through, after the record says that the stage was stopped. */
export async function runStage<T>(
  run: ReleaseRun,
  stage: Stage,
  work: () => Promise<StageResult<T>>,
): Promise<T> {
  const startedAt = Date.now();
  run.record.emit({ type: 'stage-started', stage, attempt: run.input.attempt ?? 1 });
  try {
    const { value, summary } = await work();
    run.record.emit({ type: 'stage-finished', stage, durationMs: Date.now() - startedAt, summary });
    return value;
  } catch (error) {
    if (isCancellation(error)) {
      const message = `stopped: ${run.control.stop === null ? 'cancelled' : sayStop(run.control.stop)}`;
      run.record.emit({ type: 'stage-failed', stage, message, logTail: [] });
      throw error;
    }
    if (error instanceof Yielded) {
      run.record.emit({ type: 'stage-failed', stage, message: `stopped: ${error.message}`, logTail: [] });
      throw error;
    }
    const fault = faultOf(error);
    run.record.emit({ type: 'stage-failed', stage, message: fault.message, logTail: logTail(fault) });
    throw new StageFailed(stage, fault);
  }
}

function logTail(fault: Fault): readonly string[] {
  const detail = fault.detail as Partial<StageFailureDetail> | null | undefined;
  return Array.isArray(detail?.logTail) ? detail.logTail : [];
}
