/** How long a part that died stays down: short at first, longer while it keeps dying, short again after good health. */

const SHORTEST_MS = 100;
const LONGEST_MS = 10_000;
/** After this long alive a death is news and not a pattern. */
const HEALTHY_MS = 60_000;

/**
 * The next pause.
 *
 * @param previousMs the pause before the life that just ended; 0 at the first death
 * @param livedMs how long that life was
 */
export function restartDelayMs(previousMs: number, livedMs: number): number {
  if (previousMs === 0 || livedMs >= HEALTHY_MS) return SHORTEST_MS;
  return Math.min(previousMs * 2, LONGEST_MS);
}
