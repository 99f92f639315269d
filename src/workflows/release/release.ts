/**
 * One push, from source to 100 % or back: the stages in their order, and one way out for whatever ends them early.
 * Each stage is a file beside this one.
 */
import { allHandlersFinished, CancellationScope, condition, patched } from '@temporalio/workflow';
import { store } from '../proxies.ts';
import { counted } from '../../domain/analysis/numbers-in-words.ts';
import { laneFreeSignal, type ReleaseInput } from '../messages.ts';
import { bake } from './bake.ts';
import { endAfter, type EndEvent } from './ending.ts';
import { runGray } from './gray.ts';
import { handleMessages } from './handlers.ts';
import { tellLane } from './lane-word.ts';
import { promote } from './promote.ts';
import { deployAndPublish } from './publish.ts';
import { comparable, differenceOf, inOrder, newRun, sourceOf, type ReleaseRun } from './run.ts';
import { buildAll, packageAll, readSource } from './source.ts';
import { runStage } from './stage.ts';
import { verify } from './verify.ts';

export interface ReleaseOutcome {
  /** Type of the event that ended the release. */
  readonly ended: EndEvent['type'];
  readonly sentence: string;
}

export async function release(input: ReleaseInput): Promise<ReleaseOutcome> {
  const run = newRun(input, Date.now());
  handleMessages(run);
  run.record.emit({ type: 'started' });
  const stages = new CancellationScope();
  // A cancelled workflow cancels this wait too; the stages' scope hears of it by itself.
  condition(() => run.control.stop !== null).then(
    () => stages.cancel(),
    () => undefined,
  );
  let end: EndEvent;
  try {
    end = await stages.run(() => runStages(run));
    run.control = { ...run.control, phase: 'ending' };
  } catch (error) {
    end = await CancellationScope.nonCancellable(() => endAfter(run, error));
  }
  await CancellationScope.nonCancellable(() => finish(run, end));
  if (end.type === 'promoted' && end.bakingUntil !== null) {
    await bake(run, end.bakingUntil);
    await run.record.flush();
  }
  return { ended: end.type, sentence: end.sentence ?? '' };
}

async function runStages(run: ReleaseRun): Promise<EndEvent> {
  await readSource(run);
  await buildAll(run);
  await packageAll(run);
  if (run.compared.length > 0 && run.compared.every(({ unchanged }) => unchanged))
    return { type: 'unchanged', sentence: `code and configuration equal what is live: ${sayLive(run)}` };
  if (sourceOf(run).dryRun)
    return { type: 'dry-run-finished', sentence: sayPlan(run), difference: differenceOf(run) };

  const services = await deployAndPublish(run);
  // FC refuses to publish what equals the newest version; when that one is live, there is nothing to let in.
  if (services.every(({ stable, canary }) => stable === canary))
    return { type: 'unchanged', sentence: `code and configuration equal what is live: ${sayLive(run)}` };
  const changed = inOrder(
    run,
    services.filter(({ stable, canary }) => stable !== canary),
  );
  await verify(run, changed);
  await runGray(run, changed);
  const sentence = await promote(run, changed);
  return { type: 'promoted', bakingUntil: bakesUntil(run), sentence };
}

/** Unix milliseconds; `null`: the plan asks for no bake time, or there was no version before. */
function bakesUntil(run: ReleaseRun): number | null {
  const { bakeMs } = sourceOf(run).plan;
  const bakes = bakeMs > 0 && comparable(run.moved).length > 0 && patched('bake');
  return bakes ? Date.now() + bakeMs : null;
}

async function finish(run: ReleaseRun, end: EndEvent): Promise<void> {
  const { releaseId, attempt = 1 } = run.input;
  run.record.emit(end);
  await run.record.flush();
  await runStage(run, 'report', async () => {
    const { summary } = await store.report({ releaseId });
    return { value: undefined, summary };
  });
  await run.record.flush();
  // It hears of our end as our parent too; but not when it has continued as new since.
  await tellLane(releaseId, laneFreeSignal, { releaseId, attempt });
  await condition(allHandlersFinished);
}

function sayLive(run: ReleaseRun): string {
  return run.compared.map(({ service, stable }) => `${service} version ${stable ?? 'none'}`).join(', ');
}

function sayPlan(run: ReleaseRun): string {
  const { steps, alias, waves = [] } = sourceOf(run).plan;
  const changed = run.compared.filter(({ unchanged }) => !unchanged);
  const changes = changed.map(({ service, stable }) =>
    stable === null ? `${service} (first)` : `${service} (version ${stable} is live)`,
  );
  const how = changed.every(({ stable }) => stable === null)
    ? 'at once, because nothing is live there to compare with'
    : `in ${counted(steps.length, 'gray step')}${waves.length > 0 ? ` over ${counted(waves.length, 'wave')}` : ''}`;
  return `would release ${changes.join(', ')} to ${alias} ${how}; nothing was touched`;
}
