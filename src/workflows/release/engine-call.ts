/**
 * Calls that need the FC engine: a few quick tries, then the release says that it waits and goes on trying with
 * growing pauses, without end. The second phase is one activity, so a long outage costs no history.
 */
import { isCancellation } from '@temporalio/workflow';
import { FAILURES, FINAL_FAILURES } from '../../domain/release/failures.ts';
import { faultOf, type Fault } from '../failure.ts';
import { engine, traffic, type Engine, type Traffic } from '../proxies.ts';
import type { ReleaseRun } from './run.ts';

/**
 * @param situation what stands meanwhile, for people: `canary still at 25 %`
 */
export function engineCall<T>(
  run: ReleaseRun,
  situation: string,
  call: (by: Engine) => Promise<T>,
): Promise<T> {
  return persist(
    run,
    situation,
    () => call(engine.quick),
    () => call(engine.patient),
  );
}

/** The same for moves of an alias, on the queue that nothing else uses. */
export function trafficCall<T>(
  run: ReleaseRun,
  situation: string,
  call: (by: Traffic) => Promise<T>,
): Promise<T> {
  return persist(
    run,
    situation,
    () => call(traffic.quick),
    () => call(traffic.patient),
  );
}

async function persist<T>(
  run: ReleaseRun,
  situation: string,
  quick: () => Promise<T>,
  patient: () => Promise<T>,
): Promise<T> {
  let fault: Fault;
  try {
    return await quick();
  } catch (error) {
    fault = faultOf(error);
    if (isCancellation(error) || FINAL_FAILURES.some((type) => type === fault.type)) throw error;
  }
  // A database that restarts or a worker that died is no reason to fail a release either.
  const reason = fault.type === FAILURES.engineUnreachable ? 'engine-unreachable' : 'retrying';
  const what = reason === 'retrying' ? fault.message : 'cannot reach the engine';
  run.record.emit({ type: 'blocked', reason, message: `${what}; ${situation}` });
  try {
    return await patient();
  } finally {
    run.record.emit({ type: 'cleared', reason });
  }
}
