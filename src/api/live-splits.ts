/**
 * The split an alias has now, read from Function Compute. Many viewers cause one read a second: answers are kept that
 * long, and whoever asks meanwhile waits for the read that is under way.
 */
import type { FcAlias, FcClient } from '../fc/client.ts';
import { FcError } from '../fc/errors.ts';
import { ensureError } from '../platform/errors.ts';
import { within } from '../platform/within.ts';
import { iso, type LiveView } from './views.ts';

export interface LiveSplit {
  readonly live: LiveView | null;
  /** Why it could not be read; `null` when it could. */
  readonly problem: string | null;
}

export interface LiveSplits {
  read(service: string, alias: string): Promise<LiveSplit>;
}

export interface LiveSplitOptions {
  /** How old an answer may be, milliseconds. */
  readonly maxAgeMs: number;
  /** Longest wait for an answer, milliseconds. */
  readonly waitMs: number;
}

export function createLiveSplits(fc: Pick<FcClient, 'getAlias'>, options: LiveSplitOptions): LiveSplits {
  const kept = new Map<string, { readonly at: number; readonly split: Promise<LiveSplit> }>();
  return {
    read(service, alias) {
      const key = `${service}/${alias}`;
      const now = performance.now();
      const before = kept.get(key);
      if (before && now - before.at < options.maxAgeMs) return before.split;
      const split = readSplit(fc, service, alias, options.waitMs);
      kept.set(key, { at: now, split });
      // Aliases that nobody looks at any more must not pile up.
      for (const [old, { at }] of kept) if (now - at > 60_000) kept.delete(old);
      return split;
    },
  };
}

async function readSplit(
  fc: Pick<FcClient, 'getAlias'>,
  service: string,
  alias: string,
  waitMs: number,
): Promise<LiveSplit> {
  try {
    const answer = await within(fc.getAlias(service, alias), waitMs, () => 'late' as const);
    if (answer === 'late') return { live: null, problem: 'engine-unreachable' };
    if (answer === null) return { live: null, problem: 'alias-missing' };
    return { live: { versions: shares(answer.value), readAt: iso(Date.now()) }, problem: null };
  } catch (error) {
    const fault = ensureError(error);
    return {
      live: null,
      problem: fault instanceof FcError && !fault.isUnreachable ? fault.code : 'engine-unreachable',
    };
  }
}

/** Shares of all requests per version, the main one first; they add up to 1. */
export function shares(alias: FcAlias): { version: string; weight: number }[] {
  const additional = Object.entries(alias.additionalVersionWeight).filter(([, weight]) => weight > 0);
  const rest = additional.reduce((left, [, weight]) => left - weight, 1);
  return [
    { version: alias.versionId, weight: Math.max(0, Math.round(rest * 1e9) / 1e9) },
    ...additional.map(([version, weight]) => ({ version, weight })),
  ];
}
