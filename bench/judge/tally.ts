/** From many simulated releases to one cell. */
import { LOOK_SECONDS, type Release } from './traffic.ts';

export interface Outcome {
  /** Seconds from the fault until the rollback. */
  readonly seconds: number;
  readonly failedCanaryRequests: number;
}

/** The outcome of a rollback after `looks` looks; `null` when there was none. */
export function outcomeOf(release: Release, looks: number | null, faultAt: number): Outcome | null {
  if (looks === null) return null;
  const failedCanaryRequests = release.looks
    .slice(0, looks)
    .reduce((sum, { canary }) => sum + canary.failures, 0);
  return { seconds: looks * LOOK_SECONDS - faultAt, failedCanaryRequests };
}

/** `83 % · 1150 s · 14`; the share is left out when all were rolled back, the rest when none was. */
export function harmCell(outcomes: readonly (Outcome | null)[]): string {
  const found = outcomes.filter((outcome) => outcome !== null);
  if (found.length === 0) return '0 %';
  const times = `${median(found.map((o) => o.seconds))} s · ${median(found.map((o) => o.failedCanaryRequests))}`;
  return found.length === outcomes.length ? times : `${share(outcomes)} · ${times}`;
}

/** Share that is not `null`, with its standard error where it says something. */
export function share(outcomes: readonly unknown[]): string {
  const part = outcomes.filter((outcome) => outcome !== null).length / outcomes.length;
  return `${Number((part * 100).toFixed(1))} %`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.floor(sorted.length / 2)] ?? 0)) / 2
  );
}
