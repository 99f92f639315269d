/**
 * What the bake time of the release before took back while this one was being made: the version that it was to be
 * compared with goes out, and the one before that takes its place. Before its first move the release follows.
 */
import { patched } from '@temporalio/workflow';
import { alone } from '../../domain/release/split.ts';
import { recordVersions, type GrayService, type ReleaseRun } from './run.ts';

/** Says again what is live where that has changed. */
export function followWentBack(run: ReleaseRun, services: readonly GrayService[]): void {
  follow(run, services, services.filter(isBehind(run)));
}

/**
 * The same right before the first move: hooks, pauses and freezes may have lain between. What has been moved is not at what
 * was live any more, so that nothing of it can have been taken back.
 */
export function followOnceMore(run: ReleaseRun, services: readonly GrayService[]): void {
  const stale = services.filter(({ at }) => at === null).filter(isBehind(run));
  if (stale.length > 0 && patched('followed-until-first-move')) follow(run, services, stale);
}

function isBehind(run: ReleaseRun): (service: GrayService) => boolean {
  return (service) => liveNow(run, service) !== service.stable;
}

function follow(run: ReleaseRun, services: readonly GrayService[], stale: readonly GrayService[]): void {
  if (stale.length === 0) return;
  for (const service of stale) {
    service.stable = liveNow(run, service);
    // The alias is about to go there, or is there.
    if (service.stable !== null) service.expected = [...service.expected, alone(service.stable)];
  }
  recordVersions(run, services);
}

/** The version that took the place of the one that the release found live. */
export function liveNow(
  { wentBack }: ReleaseRun,
  { service, stable }: Pick<GrayService, 'service' | 'stable'>,
): string | null {
  const back = wentBack.find((one) => one.service === service && one.left === stable);
  return back?.version ?? stable;
}
