/** Smoke calls of each new version by its number, and the plan's own hooks, before it gets any traffic. */
import { engineCall } from './engine-call.ts';
import { runHooks } from './hooks.ts';
import type { GrayService, ReleaseRun } from './run.ts';
import { runStage } from './stage.ts';

export async function verify(run: ReleaseRun, services: readonly GrayService[]): Promise<void> {
  const { releaseId } = run.input;
  await runStage(run, 'verify', async () => {
    const summaries: string[] = [];
    for (const { service, functions, canary } of services)
      for (const name of functions) {
        const { summary } = await engineCall(run, 'no traffic was moved yet', (by) =>
          by.smoke({ releaseId, service, function: name, version: canary }),
        );
        summaries.push(summary);
      }
    await runHooks(run, { step: null, when: 'before' }, { services, weight: 0 });
    return { value: undefined, summary: summaries.join('; ') };
  });
}
