/** Makes the source of a plan's metric: which versions to ask for, and what to make of several services. */
import { regionIn, serviceIn } from '../../../domain/names/place.ts';
import type { PlanMetric } from '../../../domain/plan/plan.ts';
import type { WatchedService } from '../../contract.ts';
import { ALLOW_BY, allowedAddress, type AllowedAddress } from './allowed.ts';
import { askCounters, askValue } from './http.ts';
import { askPrometheus } from './prometheus.ts';
import { fillIn, foldCounters, foldNumbers, SourceError, type MetricSource, type Subject } from './source.ts';

/** What is watched, for the texts that a source is asked with. */
export interface SourceScope {
  readonly services: readonly Pick<WatchedService, 'service' | 'stable' | 'canary'>[];
  readonly alias: string;
  /** Region of services whose place names none. */
  readonly home: string;
  /** Addresses that the operator allows. */
  readonly allowed: readonly string[];
}

/** Why a plan's metrics cannot be read here, one line each: addresses that the operator has not allowed. */
export function refusedSources(metrics: readonly PlanMetric[], allowed: readonly string[]): string[] {
  return metrics
    .filter(({ source }) => allowedAddress(source.url, allowed) === null)
    .map(({ name, source }) => `metric ${name}: ${refusal(source.url)}`);
}

export function openSource({ source, rule }: PlanMetric, scope: SourceScope): MetricSource {
  const address = allowedAddress(source.url, scope.allowed);
  if (address === null) return { read: () => Promise.reject(new SourceError(refusal(source.url))) };
  const texts = source.kind === 'http' ? [source.url] : Object.values(source.queries);
  const canaries = subjects(scope, 'canary', texts);
  const stables = subjects(scope, 'stable', texts);
  if (rule.kind === 'counters') {
    const side = async (of: readonly Subject[], signal: AbortSignal) =>
      foldCounters(await Promise.all(of.map((subject) => counters(source, address, subject, signal))));
    return {
      read: async (signal) => {
        const [canary, stable] = await Promise.all([side(canaries, signal), side(stables, signal)]);
        return { kind: 'counters', canary, stable };
      },
    };
  }
  const side = async (of: readonly Subject[], signal: AbortSignal) =>
    foldNumbers(await Promise.all(of.map((subject) => value(source, address, subject, signal))), rule.side);
  return {
    read: async (signal) => {
      const [canary, stable] = await Promise.all([side(canaries, signal), side(stables, signal)]);
      return { kind: 'numbers', canary, stable };
    },
  };
}

async function counters(
  source: PlanMetric['source'],
  address: AllowedAddress,
  subject: Subject,
  signal: AbortSignal,
) {
  if (source.kind === 'http') return askCounters(address, subject, signal);
  const { bad = '', all = '' } = source.queries;
  const [bads, alls] = await Promise.all([
    askPrometheus(address, bad, subject, signal),
    askPrometheus(address, all, subject, signal),
  ]);
  return { bad: bads, all: alls };
}

function value(source: PlanMetric['source'], address: AllowedAddress, subject: Subject, signal: AbortSignal) {
  if (source.kind === 'http') return askValue(address, subject, signal);
  return askPrometheus(address, source.queries['value'] ?? '', subject, signal);
}

/** Whom to ask for; services whose questions would read the same are asked for once. */
function subjects(
  { services, alias, home }: SourceScope,
  side: 'canary' | 'stable',
  texts: readonly string[],
): Subject[] {
  const byText = new Map<string, Subject>();
  for (const one of services) {
    const { service: place } = one;
    const region = regionIn(place) ?? home;
    const subject = { service: serviceIn(place), region, alias, version: one[side] };
    byText.set(texts.map((text) => fillIn(text, subject)).join('\n'), subject);
  }
  return [...byText.values()];
}

function refusal(url: string): string {
  return `${URL.canParse(url) ? new URL(url).origin : url} is not among the addresses that the operator allows (${ALLOW_BY})`;
}
