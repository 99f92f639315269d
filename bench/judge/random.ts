/** Seeded chance: the same seed gives the same releases on every machine. */

export interface Random {
  /** In [0, 1). */
  next(): number;
}

/** mulberry32 */
export function seeded(seed: number): Random {
  let a = seed >>> 0;
  return {
    next() {
      a = (a + 0x6d2b79f5) >>> 0;
      let x = Math.imul(a ^ (a >>> 15), a | 1);
      x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
      return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** Standard normal (Box and Muller, one of the pair). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** Poisson: by products up to 30, above by halves, which is exact and needs no tables. */
export function poisson(random: Random, mean: number): number {
  if (mean > 30) return poisson(random, mean / 2) + poisson(random, mean / 2);
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= random.next()) count += 1;
  return Math.max(0, count);
}

/** Binomial: jumps from one success to the next, so rare failures cost little. */
export function binomial(random: Random, n: number, p: number): number {
  if (p <= 0 || n === 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(random, n, 1 - p);
  const scale = Math.log1p(-p);
  let hits = 0;
  for (let at = jump(random, scale); at < n; at += 1 + jump(random, scale)) hits += 1;
  return hits;
}

function jump(random: Random, scale: number): number {
  return Math.floor(Math.log(1 - random.next()) / scale);
}
