/** The judge's numbers and their defaults (analysis §1). */

export interface JudgeSettings {
  /** α: chance that a release whose canary is not worse is rolled back, in (0, 1). */
  readonly alpha: number;
  /** β: error of the verdict *healthy*, in (0, 1). */
  readonly beta: number;
  /** ρ ≥ 1: odds ratio up to which the canary is not worse. */
  readonly rho: number;
  /** Least difference of failure rates that counts, 0…1. */
  readonly floor: number;
  /** Margin of *healthy*, in (0, 1). */
  readonly health: number;
  /** Alternatives (odds ratios); one that is not above 1.2 ρ is raised to 1.2 ρ. */
  readonly ratios: readonly number[];
  /** Forgetting of the running rates per interval, in (0, 1]. */
  readonly lambda: number;
  /** How many intervals the dispersion looks back. */
  readonly window: number;
  /** Ceiling of a dispersion term and of the dispersion. */
  readonly cap: number;
}

export const DEFAULT_JUDGE_SETTINGS: JudgeSettings = {
  alpha: 0.01,
  beta: 0.05,
  rho: 1.25,
  floor: 0.001,
  health: 0.005,
  ratios: [1.5, 2.2, 4, 12, 80],
  lambda: 0.97,
  window: 60,
  cap: 50,
};
