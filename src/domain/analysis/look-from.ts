/** Makes the stored and shown `Look` of a judgement. */
import { logThreshold, type Judgement } from './judge.ts';
import type { Counts, Look } from './look.ts';
import { PROBE_METRIC } from './release-look.ts';
import { sentenceOf, type Nouns } from './sentence.ts';
import type { JudgeSettings } from './settings.ts';

export interface LookInput {
  /** Number of the evaluation within the release, from 1. */
  readonly number: number;
  /** When the interval ended, Unix milliseconds. */
  readonly at: number;
  readonly step: number | null;
  /** Weight of the canary, 0…1. */
  readonly weight: number;
  readonly metric: string;
  readonly settings: JudgeSettings;
  readonly judgement: Judgement;
  /** When a fault most likely began, Unix milliseconds; left out: that is not known. */
  readonly since?: number;
  readonly canary: Counts;
  readonly stable: Counts;
  /** Sums since the first look of the release, this one included. */
  readonly canaryTotal: Counts;
  readonly stableTotal: Counts;
}

/** The look with its sentence. */
export function lookFrom(input: LookInput): Look {
  const { settings, judgement, since, ...facts } = input;
  // What is not harmful has no beginning.
  const begun = judgement.verdict === 'harmful' && since !== undefined ? { since } : {};
  return {
    ...facts,
    ...begun,
    dispersion: judgement.dispersion,
    logEvidence: judgement.logEvidence,
    logHealth: judgement.logHealth,
    logThreshold: logThreshold(settings.alpha),
    logHealthThreshold: logThreshold(settings.beta),
    gate: judgement.gate,
    verdict: judgement.verdict,
    cause: judgement.cause,
    sentence: sentenceOf({ ...facts, ...begun, settings, judgement, nouns: nounsOf(input.metric) }),
  };
}

/** Metrics of latency count slow requests, those of probes probe requests, all others requests and failures. */
function nounsOf(metric: string): Nouns {
  if (metric === PROBE_METRIC) return { all: 'probe request', bad: 'failed probe' };
  return { all: 'request', bad: metric.startsWith('latency') ? 'slow request' : 'failure' };
}
