/** Sums of numbers that are held as their natural logarithms: odds of 10^300 : 1 must not overflow. */

/** ln(eᵃ + eᵇ); −∞ stands for a zero term. */
export function logAddExp(a: number, b: number): number {
  const high = Math.max(a, b);
  if (high === -Infinity) return -Infinity;
  return high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

/** ln of the mean of e^v over `values`; −∞ when there are none. */
export function logMeanExp(values: readonly number[]): number {
  let high = -Infinity;
  for (const value of values) high = Math.max(high, value);
  if (high === -Infinity) return -Infinity;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - high);
  return high + Math.log(sum / values.length);
}
