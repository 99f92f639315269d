/**
 * One hook of a plan, to its end. That it failed is an answer, not a fault: the plan says what follows. Only what a
 * repetition may mend (the engine is away, the worker died) is thrown; then the hook runs again, under the same key.
 */
import { hookPlaceText, hooksAt, hookWords, type HookPlace } from '../../domain/plan/hook.ts';
import type { Stage } from '../../domain/release/states.ts';
import { withJob } from '../build/build.ts';
import type { Activities, HookOutcome } from '../contract.ts';
import { invalid } from '../failure.ts';
import type { Parts } from '../parts.ts';
import { callFunction } from './call-function.ts';
import { runCommand } from './run-command.ts';

export function hookActivities(parts: Parts): Pick<Activities, 'runHook'> {
  return {
    runHook: (input) =>
      withJob(
        parts,
        input.releaseId,
        async (job): Promise<HookOutcome> => {
          const hook = hooksAt(job.wanted.plan, input)[input.index];
          const where = hookPlaceText(input);
          if (!hook) throw invalid(`the plan has no hook ${input.index + 1} ${where} any more`);
          const { log } = job;
          const startedAt = Date.now();
          log.note(`hook ${hook.name}, ${where}`);
          const words = hookWords(input, job.wanted.plan);
          const { action, timeoutMs } = hook;
          const fault =
            action.kind === 'run'
              ? await runCommand(parts, job, { run: action.run, words, timeoutMs })
              : await callFunction(parts, job, { action, versions: input.versions, words, timeoutMs });
          job.signal.throwIfAborted();
          const took = `${((Date.now() - startedAt) / 1_000).toFixed(1)} s`;
          const summary = log.mask(fault ?? `done in ${took}`);
          log.note(`hook ${hook.name}: ${summary}`);
          return { ok: fault === null, summary, logTail: log.tail().slice(-TAIL) };
        },
        stageOf(input),
      ),
  };
}

/** Lines that stand in the event; the whole is in the stage's log. */
const TAIL = 20;

/** Stage in which a hook runs, and in whose log it writes. */
function stageOf({ step, when }: HookPlace): Stage {
  if (step !== null) return 'gray';
  return when === 'before' ? 'verify' : 'promote';
}
