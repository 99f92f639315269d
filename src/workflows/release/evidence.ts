/**
 * A hold that ended without evidence (analysis §2): nobody called the canary, or no source answered. Neither is harm
 * nor health: the hold goes on up to a limit, then a person is asked. Evidence that comes after all ends both.
 */
import { patched } from '@temporalio/workflow';
import type { Look } from '../../domain/analysis/look.ts';
import { extensionOf } from '../../domain/plan/extension.ts';
import type { PlanStep } from '../../domain/plan/plan.ts';
import { store } from '../proxies.ts';
import { awaitDecision } from './approval.ts';
import { isLeft } from './control.ts';
import { questionFor } from './question.ts';
import { sourceOf, type ReleaseRun } from './run.ts';
import { waitUntil } from './wait.ts';

type Missing = 'no-canary-traffic' | 'no-metrics';

/** Returns when the step may end: there is evidence, a person said so, or a person ended the hold. */
export async function awaitEvidence(run: ReleaseRun, index: number, step: PlanStep): Promise<void> {
  const { releaseId } = run.input;
  const isSkipped = (): boolean => isLeft(run.control, index);
  let look = await store.newestLook({ releaseId });
  for (let cause = missing(look, index); cause !== null; cause = missing(look, index)) {
    if (isSkipped()) return;
    const seen = look?.number ?? 0;
    const isBack = (): boolean =>
      run.look !== null && run.look.number > seen && missing(run.look, index) === null;
    const sentence = look?.sentence ?? '';
    const extensionMs = extensionOf(sourceOf(run).plan, step);
    const until = Date.now() + extensionMs;
    run.record.emit({ type: 'hold-extended', step: index, cause, until, message: sentence });
    const isOver = await waitUntil(run, () => isSkipped() || isBack(), extensionMs);
    // A limit that passes brings nothing back: the question says what is still missing.
    if (isOver || !patched('limit-clears-nothing')) run.record.emit({ type: 'cleared', reason: cause });
    if (isSkipped()) return;
    if (!isOver) {
      const message = sayQuestion(cause, sentence);
      const approval = questionFor(sourceOf(run).plan, step);
      const outcome = await awaitDecision(run, {
        step: index,
        approval,
        why: { reason: cause, message },
        isMoot: isBack,
      });
      if (outcome !== 'overtaken') return;
    }
    // The time without evidence does not count: the canary is held as long as the plan says with it.
    await waitUntil(run, isSkipped, step.holdMs);
    if (isSkipped()) return;
    look = await store.newestLook({ releaseId });
  }
}

/** What the look could not see; a look of an earlier step says nothing of this one's traffic. */
function missing(look: Look | null, index: number): Missing | null {
  if (look === null || look.verdict !== 'undecided') return null;
  if (look.cause === 'no-metrics') return 'no-metrics';
  return look.cause === 'no-canary-traffic' && look.step === index ? 'no-canary-traffic' : null;
}

function sayQuestion(cause: Missing, sentence: string): string {
  const what = cause === 'no-metrics' ? 'the metrics did not come back' : 'nobody called the new version';
  return `${what} in the time that the plan gives: ${sentence}. Approve to go on without evidence, reject to roll back`;
}
