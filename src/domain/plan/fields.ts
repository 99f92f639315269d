/** The kinds of value in `sluice.yml`, each a schema whose error text says what is allowed. */
import { z } from 'zod';
import { durationText, DURATION_PATTERN, parseDuration } from './duration.ts';

const PERCENT = /^\d{1,3}(\.\d{1,6})?\s?%$/;

/** A duration within [minMs, maxMs], as milliseconds. */
export function duration(minMs: number, maxMs: number) {
  const error = `a duration such as 500ms, 90s, 10m or 1h30m, from ${durationText(minMs)} to ${durationText(maxMs)}`;
  return z
    .string({ error })
    .regex(DURATION_PATTERN, { error })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    });
}

/** A share such as `5%` or `0.05`, as a fraction that `allows` takes; `range` says which in words. */
export function share(range: string, allows: (fraction: number) => boolean) {
  const error = `a share such as 5% or 0.05, ${range}`;
  return z
    .union([z.string().regex(PERCENT, { error }), z.number().min(0, { error }).max(1, { error })], { error })
    .transform((written, context) => {
      const fraction = typeof written === 'number' ? written : Number.parseFloat(written) / 100;
      if (allows(fraction)) return fraction;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    });
}

/** A number within [min, max]. */
export function number(min: number, max: number) {
  const error = `a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** A whole number within [min, max]. */
export function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** One of these words. */
export function oneOf<const T extends readonly string[]>(words: T) {
  return z.enum(words, { error: `one of ${words.join(', ')}` });
}

export function flag() {
  return z.boolean({ error: 'true or false' });
}

/** A text of one character or more. */
export function text(what: string, max: number) {
  const error = `${what}, ${max} characters at most`;
  return z.string({ error }).trim().min(1, { error }).max(max, { error });
}
