/** Where something of a release belongs, where the plan names regions; empty everywhere else. */
export interface InWave {
  readonly region?: string;
  /** 0-based. */
  readonly wave?: number;
}

/** Those members alone. */
export function whereIs({ region, wave }: InWave): InWave {
  return { ...(region !== undefined && { region }), ...(wave !== undefined && { wave }) };
}
