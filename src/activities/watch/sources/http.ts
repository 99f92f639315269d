/** Any address that answers a version's numbers as JSON: `{"bad": n, "all": n}`, or `{"value": n}`. */
import { z } from 'zod';
import type { AllowedAddress } from './allowed.ts';
import { fetchJson } from './fetch-json.ts';
import { fillIn, SourceError, type Answered, type Subject } from './source.ts';

const Counters = z.object({ bad: z.number().min(0), all: z.number().min(0) });
const Value = z.object({ value: z.number().nullable() });

/** @throws SourceError when the address does not answer two counters */
export async function askCounters(
  address: AllowedAddress,
  subject: Subject,
  signal: AbortSignal,
): Promise<{ readonly bad: number; readonly all: number }> {
  return parsed(Counters, await fetchJson(of(address, subject), signal), '{"bad": n, "all": n}');
}

/** @throws SourceError when the address does not answer a value */
export async function askValue(
  address: AllowedAddress,
  subject: Subject,
  signal: AbortSignal,
): Promise<Answered> {
  return parsed(Value, await fetchJson(of(address, subject), signal), '{"value": n}').value;
}

/** `URL` has encoded the braces of what is to be filled in. */
function of(address: AllowedAddress, subject: Subject): AllowedAddress {
  const href = address.url.href.replaceAll(/%7B%7B(\w+)%7D%7D/gi, '{{$1}}');
  return { ...address, url: new URL(fillIn(href, subject, encodeURIComponent)) };
}

function parsed<S extends z.ZodType>(schema: S, answer: unknown, wanted: string): z.output<S> {
  const result = schema.safeParse(answer);
  if (!result.success)
    throw new SourceError(`answered ${JSON.stringify(answer).slice(0, 200)}; wanted ${wanted}`);
  return result.data;
}
