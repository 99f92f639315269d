/** A simulated traffic source: what both versions of a release do, look by look. */
import type { Counts } from '../../src/domain/analysis/look.ts';
import type { Interval } from '../../src/domain/analysis/judge.ts';
import { binomial, normal, poisson, type Random } from './random.ts';

export const LOOK_SECONDS = 10;
export const HISTORY_LOOKS = 60;
/** The plan of every simulated release. */
export const STEPS = [0.05, 0.25, 0.5] as const;
export const LOOKS_PER_STEP = 60;
export const LOOKS = STEPS.length * LOOKS_PER_STEP;

export interface Scenario {
  readonly name: string;
  readonly requestsPerSecond: number;
  /** Failure rates, 0…1, `seconds` after the first weight. */
  readonly stable: (seconds: number) => number;
  readonly canary: (seconds: number) => number;
  /** When the fault begins, seconds after the first weight. */
  readonly faultAt: number;
  /** Failures come in groups of this size. */
  readonly burst?: number;
  /** Each version's rate wanders on its own: standard deviation of its logarithm, and how long it remembers. */
  readonly wander?: { readonly sigma: number; readonly memorySeconds: number };
}

export interface Release {
  readonly history: readonly Counts[];
  readonly looks: readonly Interval[];
}

/** Weight of the canary during a look (0-based). */
export function weightAt(look: number): number {
  return STEPS[Math.floor(look / LOOKS_PER_STEP)] ?? 0;
}

/** One simulated release. */
export function simulate(scenario: Scenario, random: Random): Release {
  const perLook = scenario.requestsPerSecond * LOOK_SECONDS;
  const { burst = 1, wander } = scenario;
  const stablePath = new Wander(wander, random);
  const canaryPath = new Wander(wander, random);
  const counts = (mean: number, rate: number): Counts => {
    const requests = poisson(random, mean);
    const failures =
      burst === 1
        ? binomial(random, requests, Math.min(rate, 1))
        : Math.min(requests, burst * poisson(random, (requests * rate) / burst));
    return { requests, failures };
  };
  const history = Array.from({ length: HISTORY_LOOKS }, () =>
    counts(perLook, scenario.stable(-1) * stablePath.next()),
  );
  const looks = Array.from({ length: LOOKS }, (_, i): Interval => {
    const weight = weightAt(i);
    const seconds = i * LOOK_SECONDS;
    return {
      canary: counts(perLook * weight, scenario.canary(seconds) * canaryPath.next()),
      stable: counts(perLook * (1 - weight), scenario.stable(seconds) * stablePath.next()),
    };
  });
  return { history, looks };
}

/** e to the power of an Ornstein–Uhlenbeck path; always 1 without a wander. */
class Wander {
  readonly #wander: Scenario['wander'];
  readonly #random: Random;
  #x: number;

  constructor(wander: Scenario['wander'], random: Random) {
    this.#wander = wander;
    this.#random = random;
    this.#x = wander ? normal(random) : 0;
  }

  next(): number {
    if (!this.#wander) return 1;
    const { sigma, memorySeconds } = this.#wander;
    const keep = Math.exp(-LOOK_SECONDS / memorySeconds);
    this.#x = keep * this.#x + Math.sqrt(1 - keep * keep) * normal(this.#random);
    return Math.exp(sigma * this.#x);
  }
}
