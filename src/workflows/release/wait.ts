/**
 * How the steps wait: for time, people or evidence, and meanwhile for the watch's word that somebody else moved an
 * alias, which is checked at once.
 */
import { condition } from '@temporalio/workflow';
import { isKept } from './control.ts';
import { confirmService } from './move.ts';
import type { ReleaseRun } from './run.ts';

/**
 * @param ms longest wait, milliseconds; `null`: without end
 * @returns false when the time ran out first
 */
export async function waitUntil(run: ReleaseRun, isDone: () => boolean, ms: number | null): Promise<boolean> {
  const until = ms === null ? null : Date.now() + ms;
  for (;;) {
    const isDue = (): boolean => isDone() || run.suspected.size > 0;
    // A timer of 0 ms would be no timer at all to the SDK.
    if (until === null) await condition(isDue);
    else if (!(await condition(isDue, Math.max(1, until - Date.now())))) return false;
    if (isDone()) return true;
    await confirmSuspected(run);
  }
}

/** Before traffic moves on: waits while a person or a freeze keeps the release. */
export async function untilKeptNoMore(run: ReleaseRun): Promise<void> {
  if (isKept(run.control)) await waitUntil(run, () => !isKept(run.control), null);
}

async function confirmSuspected(run: ReleaseRun): Promise<void> {
  const suspected = run.moved.filter(({ service }) => run.suspected.has(service));
  run.suspected.clear();
  for (const service of suspected) await confirmService(run, service);
}
