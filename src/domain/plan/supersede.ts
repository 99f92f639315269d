/** What a push means for the releases of its environment that are not done yet. */
export const SUPERSEDE_POLICIES = ['queue', 'latest', 'replace'] as const;

/**
 * `queue`: every release has its turn. `latest`: a newer one takes the place of those that wait. `replace`: and the
 * one that runs is taken back for it.
 */
export type SupersedePolicy = (typeof SUPERSEDE_POLICIES)[number];

export const DEFAULT_SUPERSEDE: SupersedePolicy = 'latest';
