/** How long a lane may wait before it looks again by itself, where nothing is told to it. */

/** How often a lane that lost its child's handle asks the store whether that release has ended. */
const LOOK_AFTER_MS = 60_000;
/** Longest time between two looks at the freezes while something runs or waits. */
const LONGEST_MS = 24 * 3_600_000;
/** Where the clock that named the next change is behind ours. */
const SHORTEST_MS = 500;

/**
 * @param isLost whether the end of the running release will not be heard of
 * @param changesAt when the facts change by themselves, Unix milliseconds
 * @returns milliseconds; `null`: until it is told something
 */
export function laneWaitMs(isLost: boolean, changesAt: number | null): number | null {
  const lookMs = isLost ? LOOK_AFTER_MS : null;
  const changeMs =
    changesAt === null ? null : Math.min(Math.max(changesAt - Date.now(), SHORTEST_MS), LONGEST_MS);
  return lookMs === null || changeMs === null ? (lookMs ?? changeMs) : Math.min(lookMs, changeMs);
}
