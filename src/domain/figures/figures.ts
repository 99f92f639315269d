/**
 * The four DORA figures of one environment over a stretch of time, from what happened to its releases. docs/figures.md
 * says in words what is counted.
 */
import { courseOf, type ReleaseHistory } from './history.ts';

/** Half open: `from` belongs to it, `until` does not. Unix milliseconds. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

export interface Figures {
  readonly deployments: { readonly count: number; readonly perDay: number };
  /** `fromCommit`: how many of the counted knew their commit's own time; the others begin at the push. */
  readonly leadTime: {
    readonly count: number;
    readonly fromCommit: number;
    readonly medianMs: number | null;
  };
  readonly changeFailures: {
    readonly moved: number;
    readonly failed: number;
    /** 0…1; `null`: nothing got traffic. */
    readonly share: number | null;
  };
  /** `open`: failures that nothing has ended yet; they are in no median. */
  readonly restore: { readonly count: number; readonly open: number; readonly medianMs: number | null };
}

const DAY_MS = 86_400_000;

/** @param histories pushes and starts by hand, in any order; those outside the stretch count for nothing */
export function figuresOf(histories: readonly ReleaseHistory[], stretch: Stretch): Figures {
  const courses = histories.map((history) => ({ history, ...courseOf(history) }));
  const isIn = (at: number | null): boolean => at !== null && at >= stretch.from && at < stretch.until;

  const promoted = courses.filter(({ promotedAt }) => isIn(promotedAt));
  const moved = courses.filter(({ movedAt }) => isIn(movedAt));
  const failures = moved.flatMap(({ history, failure }) => (failure ? [{ ...failure, id: history.id }] : []));
  const promotions = courses
    .flatMap(({ history, promotedAt }) => (promotedAt === null ? [] : [{ id: history.id, at: promotedAt }]))
    .toSorted((a, b) => a.at - b.at);

  const restores = failures.flatMap(({ id, fromAt, backAt }) => {
    // A fix that went out before the way back was done ended it as well.
    const next = promotions.find((one) => one.id !== id && one.at > fromAt)?.at ?? Infinity;
    const end = Math.min(backAt ?? Infinity, next);
    return end === Infinity ? [] : [end - fromAt];
  });
  return {
    deployments: {
      count: promoted.length,
      perDay: (promoted.length * DAY_MS) / Math.max(1, stretch.until - stretch.from),
    },
    leadTime: {
      count: promoted.length,
      fromCommit: promoted.filter(({ history }) => history.committedAt !== null).length,
      medianMs: median(
        promoted.map(({ history, promotedAt }) =>
          // A commit may carry any time, also one of tomorrow.
          Math.max(0, (promotedAt ?? 0) - (history.committedAt ?? history.storedAt)),
        ),
      ),
    },
    changeFailures: {
      moved: moved.length,
      failed: failures.length,
      share: moved.length === 0 ? null : failures.length / moved.length,
    },
    restore: {
      count: restores.length,
      open: failures.length - restores.length,
      medianMs: median(restores),
    },
  };
}

/** The middle one, of an even count the mean of the two in the middle; `null` of none. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[sorted.length >> 1];
  const low = sorted[(sorted.length - 1) >> 1];
  return high === undefined || low === undefined ? null : (low + high) / 2;
}
