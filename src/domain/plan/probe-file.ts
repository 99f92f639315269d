/**
 * Probes in `sluice.yml`: synthetic requests to canary and stable while a step holds, so that a function which nobody
 * calls is not let in unseen. Off unless asked for: a probe runs the function's own code, whatever that does.
 */
import { z } from 'zod';
import { strictMap } from '../yaml/zod-findings.ts';
import { duration, oneOf, text } from './fields.ts';
import type { PlanProbe } from './plan.ts';

const MOST_EVENT = 8_000;
const DEFAULT_EVERY_MS = 1_000;
/** What smoke calls send too. */
const DEFAULT_EVENT = '{}';

const event = text(`an event as text, in quotes, such as '{"check": true}'`, MOST_EVENT);
const functionName = text('the name of a function, or service/function', 200);

const probeMap = strictMap('a probe', {
  every: duration(100, 600_000)
    .optional()
    .describe('Time between two probes of each version of a function; 1s if left out.'),
  only: oneOf(['quiet', 'always'])
    .optional()
    .describe('quiet (if left out): only functions to whose canary users send less than the probes would.'),
  event: event.optional().describe('What the functions are called with; {} if left out.'),
  functions: z
    .array(
      z.union([functionName, strictMap('a function', { name: functionName, event: event.optional() })], {
        error: 'the name of a function, or a map of name and event',
      }),
      { error: 'a list of functions' },
    )
    .min(1, { error: 'one function or more' })
    .max(100, { error: '100 functions at most' })
    .optional()
    .describe('Functions to probe, each with an event of its own where it needs one; all if left out.'),
});

export const probe = z
  .union([z.literal('off'), probeMap], { error: 'a map of every, only, event and functions, or off' })
  .describe('Synthetic requests to canary and stable, counted apart; off if left out.');
export type ProbeFile = z.output<typeof probe>;

/** A step's probes: what it leaves out is as in the environment. `undefined`: there are none. */
export function resolveProbe(
  environment: ProbeFile | undefined,
  step: ProbeFile | undefined,
): PlanProbe | undefined {
  if (step === 'off' || (step === undefined && (environment === undefined || environment === 'off')))
    return undefined;
  const file = { ...(environment === 'off' ? undefined : environment), ...step };
  const { every, only, functions } = file;
  return {
    everyMs: every ?? DEFAULT_EVERY_MS,
    only: only ?? 'quiet',
    event: file.event ?? DEFAULT_EVENT,
    functions:
      functions?.map((one) =>
        typeof one === 'string' ? { name: one, event: null } : { name: one.name, event: one.event ?? null },
      ) ?? null,
  };
}

/** Does a name of `functions` mean this function? */
export function isProbed(name: string, service: string, functionName: string): boolean {
  return name === functionName || name === `${service}/${functionName}`;
}
