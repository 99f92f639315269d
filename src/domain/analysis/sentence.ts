/** A judgement in one sentence that a stranger understands, with the numbers that it rests on. */
import { logThreshold, type Judgement } from './judge.ts';
import type { Counts } from './look.ts';
import { counted, grouped, odds, percent, points } from './numbers-in-words.ts';
import type { JudgeSettings } from './settings.ts';
import { visibleHarm } from './visible-harm.ts';

export interface SentenceFacts {
  readonly settings: JudgeSettings;
  readonly judgement: Judgement;
  /** When the fault most likely began, Unix milliseconds, where that is known. */
  readonly since?: number;
  /** Counts of this interval. */
  readonly canary: Counts;
  readonly stable: Counts;
  readonly canaryTotal: Counts;
  readonly stableTotal: Counts;
  readonly nouns: Nouns;
}

/** What is counted, and what of it is bad: `request` and `failure` unless the metric is another. */
export interface Nouns {
  readonly all: string;
  readonly bad: string;
}

/**
 * For example: `canary took 5 % of the requests and 9 of 40 failures (5.9 % against 1.1 %): evidence 214 : 1 that it is
 * worse than 1.25 times stable; rollback at 100 : 1`.
 */
export function sentenceOf(facts: SentenceFacts): string {
  const { judgement, settings } = facts;
  switch (judgement.verdict) {
    case 'harmful':
      return `${basis(facts)}: ${evidenceOfHarm(judgement, settings)}; ${rollbackAt(settings)}`;
    case 'healthy':
      return `${totals(facts)}: ${evidenceOfHealth(judgement, settings)}; healthy at ${odds(logThreshold(settings.beta))}`;
    case 'undecided':
      return undecided(facts);
  }
}

function undecided(facts: SentenceFacts): string {
  const { judgement, settings } = facts;
  switch (judgement.cause) {
    case 'no-metrics':
      return 'the metrics source did not answer: nothing is known of this interval, and nothing is concluded from it';
    case 'no-canary-traffic':
      return `no ${facts.nouns.all} has reached the canary since the step began (stable had ${counted(facts.stable.requests, facts.nouns.all)} in this interval): nothing to compare yet`;
    case 'too-few':
    case null:
      return `${totals(facts)}: ${evidenceOfHarm(judgement, settings)}, ${rollbackAt(settings)}; ${whyUndecided(facts)}`;
  }
}

function whyUndecided({ judgement, settings, canaryTotal, stableTotal, nouns }: SentenceFacts): string {
  if (judgement.logEvidence >= logThreshold(settings.alpha)) {
    return `no rollback, because its recent rate is less than ${points(settings.floor)} above ${settings.rho} times stable's`;
  }
  const visible = visibleHarm(settings, judgement.dispersion, canaryTotal, stableTotal);
  if (visible === null)
    return `too few ${nouns.all}s to tell, even if each of the canary's were a ${nouns.bad}`;
  // It is taken as one block, so that it can be off by the little that is missing here.
  if (canaryTotal.failures / canaryTotal.requests >= visible) return 'too few to decide';
  return visible === 1
    ? `too few to decide; only a ${nouns.bad} of every ${nouns.all} would have shown`
    : `too few to decide; a ${nouns.bad} rate of about ${percent(visible)} or more would have shown`;
}

/** Counts since the fault most likely began: after hours of good work the totals would hide what is wrong now. */
function basis(facts: SentenceFacts): string {
  const { t, basis } = facts.judgement;
  if (basis.from <= 1) return totals(facts);
  const since =
    facts.since === undefined ? '' : ` (since ${new Date(facts.since).toISOString().slice(11, 19)} UTC)`;
  return `over the last ${counted(t - basis.from + 1, 'look')}${since} ${shares(basis.canary, basis.stable, facts.nouns)}`;
}

function totals({ canaryTotal, stableTotal, nouns }: SentenceFacts): string {
  return shares(canaryTotal, stableTotal, nouns);
}

function shares(canary: Counts, stable: Counts, { all, bad }: Nouns): string {
  const requests = canary.requests + stable.requests;
  const failures = canary.failures + stable.failures;
  if (requests === 0) return `no ${all} was seen on either side`;
  const traffic = `canary took ${percent(canary.requests / requests)} of the ${all}s`;
  if (failures === 0) return `${traffic}, and none of ${grouped(requests)} was a ${bad}`;
  return `${traffic} and ${grouped(canary.failures)} of ${counted(failures, bad)} (${rate(canary)} against ${rate(stable)})`;
}

function rate({ requests, failures }: Counts): string {
  return requests === 0 ? 'no request' : percent(failures / requests);
}

function evidenceOfHarm({ logEvidence }: Judgement, { rho }: JudgeSettings): string {
  return `evidence ${odds(logEvidence)} that it is worse than ${rho} times stable`;
}

function evidenceOfHealth({ logHealth }: Judgement, { rho, health }: JudgeSettings): string {
  return `evidence ${odds(logHealth)} that it is not worse than ${rho} times stable plus ${points(health)}`;
}

function rollbackAt({ alpha }: JudgeSettings): string {
  return `rollback at ${odds(logThreshold(alpha))}`;
}
