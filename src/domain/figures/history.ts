/** What the figures need of one release: when it got traffic, when it was promoted, when it was taken back and why. */
import type { RollbackCause } from '../release/events.ts';

/** The events that figures are made of. Times are Unix milliseconds, weights 0…1. */
export type FigureEvent =
  | { readonly type: 'traffic'; readonly at: number; readonly weight: number }
  | { readonly type: 'promoted'; readonly at: number }
  | { readonly type: 'rollback-started'; readonly at: number; readonly cause: RollbackCause };

export interface ReleaseHistory {
  readonly id: string;
  /** When the push was stored. */
  readonly storedAt: number;
  /** The commit's own time; `null`: never read. */
  readonly committedAt: number | null;
  /** In their order. */
  readonly events: readonly FigureEvent[];
  /** A person's rollback to another version, or harm in the bake time: both are recorded beside the release. */
  readonly takenBackAt: number | null;
}

export interface ReleaseCourse {
  /** First traffic; `null`: it never had any. */
  readonly movedAt: number | null;
  readonly promotedAt: number | null;
  readonly failure: Failure | null;
}

export interface Failure {
  /** Since when users were exposed: the first weight, or the promotion where it was found after that. */
  readonly fromAt: number;
  /** When the traffic was back; `null`: it is not, as far as the events say. */
  readonly backAt: number | null;
}

/** Rollbacks that say nothing of the change itself: a newer push, a freeze, and nobody who answered. */
const NO_FAILURE: ReadonlySet<RollbackCause> = new Set(['superseded', 'freeze', 'approval-timeout']);

export function courseOf({ events, takenBackAt }: ReleaseHistory): ReleaseCourse {
  const movedAt = events.find((e) => e.type === 'traffic' && e.weight > 0)?.at ?? null;
  const promotedAt = events.find((e) => e.type === 'promoted')?.at ?? null;
  return { movedAt, promotedAt, failure: movedAt === null ? null : failureOf(movedAt, promotedAt) };

  function failureOf(moved: number, promoted: number | null): Failure | null {
    const begun = events.findIndex(
      (e) => e.type === 'rollback-started' && e.at >= moved && !NO_FAILURE.has(e.cause),
    );
    if (begun >= 0) {
      const back = events.slice(begun).findLast((e) => e.type === 'traffic' && e.weight === 0);
      return { fromAt: moved, backAt: back?.at ?? null };
    }
    if (takenBackAt === null || takenBackAt < moved) return null;
    return {
      fromAt: promoted !== null && promoted <= takenBackAt ? promoted : moved,
      backAt: takenBackAt,
    };
  }
}
