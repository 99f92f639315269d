/**
 * What the bake time of the release before took back while this one was being made: the version that it was to be
 * compared with goes out, and the one before that takes its place. Before its first move the release follows.
 */
import { alone } from '../../domain/release/split.ts';
import { recordVersions, type GrayService, type ReleaseRun } from './run.ts';

/** Says again what is live where that has changed. */
export function followWentBack(run: ReleaseRun, services: readonly GrayService[]): void {
  const stale = services.filter((service) => liveNow(run, service) !== service.stable);
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
