/**
 * The way back: every alias to its stable version at once, then LATEST of what was touched. Runs in a scope that
 * nothing cancels. Never overwrites what somebody else set: an alias at a state that is not the release's own fails
 * with `ChangedOutside`, and the release asks a person.
 */
import { patched } from '@temporalio/workflow';
import { placeText } from '../../domain/names/place.ts';
import type { Actor, RollbackCause } from '../../domain/release/events.ts';
import { FAILURES, type VersionGone } from '../../domain/release/failures.ts';
import { faultOf } from '../failure.ts';
import { store } from '../proxies.ts';
import { engineCall } from './engine-call.ts';
import { moveService } from './move.ts';
import { settleRefused } from './outside.ts';
import { lockService } from './publish.ts';
import { sourceOf, toTakeBack, type GrayService, type ReleaseRun } from './run.ts';
import { liveNow } from './went-back.ts';
import { runStage } from './stage.ts';

export interface RollbackReason {
  readonly cause: RollbackCause;
  readonly sentence: string;
  readonly actor: Actor;
}

/** Takes the traffic back. Throws `StageFailed` only where the alias was changed outside, or overridden by a person. */
export async function rollBackTraffic(run: ReleaseRun, reason: RollbackReason): Promise<void> {
  run.record.emit({ type: 'rollback-started', ...reason });
  await runStage(run, 'rollback', async () => {
    const back = toTakeBack(run).toReversed();
    // Side by side, what depends on others first: a service whose move has trouble must not hold up the others.
    const settled = await Promise.allSettled(back.map((service) => takeBack(run, service)));
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
    const kept = run.moved.filter(({ stable }) => stable === null);
    const summary = [
      ...back.map((one) => `${placeText(one)} back on version ${one.stable}`),
      ...kept.map((one) => `${placeText(one)} stays on version ${one.canary}, its first`),
    ].join('; ');
    return { value: undefined, summary };
  });
}

/** What cannot be set for good is left as it is, with the highest alarm, until a person says what then. */
async function takeBack(run: ReleaseRun, service: GrayService): Promise<void> {
  for (;;) {
    try {
      return await moveService(run, service, { weight: 0, step: null, situation: stillThere(run, service) });
    } catch (error) {
      const fault = faultOf(error);
      const isRefused = fault.type === FAILURES.versionGone || fault.type === FAILURES.engineRefused;
      if (!isRefused || !patched('refused-rollback-asks')) throw error;
      const { older } = (fault.detail ?? { older: null }) as Partial<VersionGone>;
      if (older && sourceOf(run).plan.stableGone === 'newest-older')
        goOlder(run, service, older, fault.message);
      else await settleRefused(run, service, fault);
    }
  }
}

/** The plan permits it: the newest version before the one that is gone takes its place. */
function goOlder(run: ReleaseRun, service: GrayService, older: string, message: string): void {
  run.record.emit({ type: 'blocked', reason: 'stable-gone', message: `${message}, as the plan permits` });
  service.stable = older;
}

/** LATEST back to what is live, so that rejected code cannot ride along with the next publish; then all locks go back. */
export async function restoreLatest(run: ReleaseRun): Promise<void> {
  const holder = run.input.releaseId;
  for (const { service, functions } of run.packaged) {
    if (!run.deployed.has(service)) continue;
    await lockService(run, service);
    const compared = run.compared.find((one) => one.service === service)?.stable ?? null;
    const found = run.moved.find((one) => one.service === service)?.stable ?? compared;
    const stable = liveNow(run, { service, stable: found });
    await engineCall(run, 'the alias is back already', (by) =>
      by.restoreLatest({
        holder,
        service,
        functions: functions.map(({ name }) => name),
        stable,
        canary: run.published.get(service) ?? null,
      }),
    );
  }
  await store.giveLocksBack({ holder });
}

function stillThere(run: ReleaseRun, { canary, expected, region }: GrayService): string {
  const weights = expected.map((split) => split?.additional?.weight ?? 0);
  const { alias } = sourceOf(run).plan;
  return `version ${canary}${region === undefined ? '' : ` in ${region}`} may still have ${Math.max(...weights) * 100} % of ${alias}`;
}
