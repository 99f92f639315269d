/** Which version answers a call through an alias. Drawn anew for each call; exact in the long run. */

export interface Split {
  readonly versionId: string;
  /** The one further version and its share 0…1 of the calls; `null` when all go to `versionId`. */
  readonly additional: { readonly versionId: string; readonly weight: number } | null;
}

/** @param random uniform in [0, 1) */
export function drawVersion(split: Split, random: () => number): string {
  const { versionId, additional } = split;
  // `<` makes both ends exact: a weight of 0 is never drawn, a weight of 1 always.
  return additional !== null && random() < additional.weight ? additional.versionId : versionId;
}
