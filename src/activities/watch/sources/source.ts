/** The port behind which metrics of a plan's own are read: one file a kind of source. */
import type { MetricSample } from '../samples.ts';

export interface MetricSource {
  /** Numbers of both versions now; throws where the source did not answer, or answered what it should not. */
  read(signal: AbortSignal): Promise<MetricSample>;
}

/** One version of one service, as a source is asked for it. */
export interface Subject {
  /** The service's name alone. */
  readonly service: string;
  readonly region: string;
  readonly alias: string;
  readonly version: string;
}

/** Why a source gave no numbers, in words for the operator's log. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** `{{version}}`, `{{service}}`, `{{region}}` and `{{alias}}` filled in. */
export function fillIn(text: string, subject: Subject, encode: (value: string) => string = String): string {
  return text.replaceAll(/\{\{(version|service|region|alias)\}\}/g, (_, name: keyof Subject) =>
    encode(subject[name]),
  );
}

/** One number that a source answered for a version; `null`: none. */
export type Answered = number | null;

/** Numbers of several services as one: counters are added; of plain numbers the worst counts. */
export function foldCounters(parts: readonly { readonly bad: Answered; readonly all: Answered }[]): {
  readonly bad: number;
  readonly all: number;
} {
  const sum = (key: 'bad' | 'all'): number => parts.reduce((total, part) => total + (part[key] ?? 0), 0);
  return { bad: sum('bad'), all: sum('all') };
}

export function foldNumbers(values: readonly Answered[], side: 'above' | 'below'): Answered {
  const numbers = values.filter((value) => value !== null);
  if (numbers.length === 0) return null;
  return side === 'above' ? Math.max(...numbers) : Math.min(...numbers);
}
