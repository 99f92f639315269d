/** How an alias divides its traffic: one version, and at most one more with a weight. */

export interface Split {
  /** Version that takes what the additional one leaves. */
  readonly main: string;
  /** `null`: the main version takes everything. */
  readonly additional: { readonly version: string; readonly weight: number } | null;
}

/** All traffic to one version. */
export function alone(version: string): Split {
  return { main: version, additional: null };
}

/**
 * The split that gives `weight` of the traffic to the canary.
 *
 * @param weight 0…1; at 1 (or without a stable version) the canary stands alone, at 0 the stable version does
 */
export function graySplit(stable: string | null, canary: string, weight: number): Split {
  if (stable === null || weight >= 1) return alone(canary);
  if (weight <= 0) return alone(stable);
  return { main: stable, additional: { version: canary, weight } };
}

/** True when both send the same share to the same versions; a weight of 0 counts as none. */
export function sameSplit(a: Split, b: Split): boolean {
  const left = weighted(a);
  const right = weighted(b);
  if (a.main !== b.main || (left === null) !== (right === null)) return false;
  if (left === null || right === null) return true;
  // Weights travel as JSON numbers: equal but for rounding in the last places.
  return left.version === right.version && Math.abs(left.weight - right.weight) < 1e-9;
}

/** Says a split to people: `version 3, 5 % to version 4`. */
export function describeSplit(split: Split): string {
  const additional = weighted(split);
  if (additional === null) return `version ${split.main} alone`;
  return `version ${split.main}, ${percent(additional.weight)} to version ${additional.version}`;
}

/** A share as people write it, without trailing zeros: `5 %`, `0.25 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))} %`;
}

function weighted(split: Split): Split['additional'] {
  return split.additional !== null && split.additional.weight > 0 ? split.additional : null;
}
