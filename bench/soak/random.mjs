/** Chance by a seed, so that a run can be had again: the same calls in the same order. */

/** Uniform in [0, 1). mulberry32, by T. Ettinger (public domain): 32 bits of state are enough to shuffle with. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer from `low` to `high`, both counted in. */
export function between(random, low, high) {
  return low + Math.floor(random() * (high - low + 1));
}

/** One of `choices`, drawn by its `weight`. */
export function weighted(random, choices) {
  let left = random() * choices.reduce((sum, { weight }) => sum + weight, 0);
  for (const choice of choices) {
    left -= choice.weight;
    if (left < 0) return choice;
  }
  return choices.at(-1);
}
