/** The watch over versions that have all traffic (`activities/watch/bake.ts`), as its three askers call it. */
import type { BakeOutcome } from '../../activities/contract.ts';
import { watching } from '../proxies.ts';
import { comparable, sourceOf, type GrayService, type ReleaseRun } from './run.ts';

/** For a watch that ends by being cancelled: no release, hook or question lasts as long. Milliseconds. */
const WITHOUT_END_MS = 365 * 86_400_000;

export interface BakeAsked {
  /** Unix milliseconds; left out: until it is cancelled. */
  readonly until?: number;
  /** A person was asked already: only harm that is beyond doubt ends the watch now. */
  readonly isAsked: boolean;
  /** Of which these services are, where the plan names regions. */
  readonly wave: number | undefined;
}

export function watchBake(
  run: ReleaseRun,
  services: readonly GrayService[],
  { until = Date.now() + WITHOUT_END_MS, isAsked, wave }: BakeAsked,
): Promise<BakeOutcome> {
  const { alias, analysis } = sourceOf(run).plan;
  return watching.watchBake({
    releaseId: run.input.releaseId,
    alias,
    services: comparable(services),
    analysis,
    until,
    isAsked,
    ...(wave !== undefined && { wave }),
  });
}
