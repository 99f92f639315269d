/**
 * Mann–Whitney as a canary classifier uses it: are the canary's minute rates above 1.25 times stable's (tolerance 25 %)
 * at a confidence of 98 %, one-sided? Normal approximation with the correction for ties.
 */

const Z_98 = 2.0537489106318225;
const TOLERANCE = 1.25;

export function shiftIsWorse(canary: readonly number[], stable: readonly number[]): boolean {
  const all = [
    ...canary.map((value) => ({ value, isCanary: true })),
    ...stable.map((rate) => ({ value: rate * TOLERANCE, isCanary: false })),
  ].sort((a, b) => a.value - b.value);
  const n = all.length;
  const pairs = canary.length * stable.length;
  let ranks = 0;
  let ties = 0;
  for (let i = 0; i < n;) {
    let end = i;
    while (end < n && all[end]?.value === all[i]?.value) end += 1;
    const size = end - i;
    // Equal values share the mean of their ranks, i + 1 … end.
    ranks += all.slice(i, end).filter(({ isCanary }) => isCanary).length * ((i + 1 + end) / 2);
    ties += size ** 3 - size;
    i = end;
  }
  const u = ranks - (canary.length * (canary.length + 1)) / 2;
  const spread = Math.sqrt((pairs / 12) * (n + 1 - ties / (n * (n - 1))));
  return spread > 0 && (u - pairs / 2) / spread > Z_98;
}
