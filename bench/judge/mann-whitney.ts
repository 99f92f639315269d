/**
 * Mann–Whitney as a canary classifier uses it: the 98 % confidence interval of the shift between the two samples
 * (normal approximation, from the ordered pairwise differences) must lie above a quarter of the shift's estimate.
 */

const Z_98 = 2.3263478740408408;
const TOLERANCE = 0.25;

export function shiftIsWorse(canary: readonly number[], stable: readonly number[]): boolean {
  const pairs = canary.length * stable.length;
  if (pairs === 0) return false;
  const differences = canary.flatMap((c) => stable.map((s) => c - s)).sort((a, b) => a - b);
  const spread = Math.sqrt((pairs * (canary.length + stable.length + 1)) / 12);
  const lower = Math.max(0, Math.round(pairs / 2 - Z_98 * spread));
  const estimate =
    ((differences[Math.floor((pairs - 1) / 2)] ?? 0) + (differences[Math.floor(pairs / 2)] ?? 0)) / 2;
  const bound = differences[lower] ?? 0;
  return bound > 0 && bound > TOLERANCE * estimate;
}
