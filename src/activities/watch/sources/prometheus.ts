/** Prometheus: instant queries over its HTTP API, one for each number and version. */
import { z } from 'zod';
import type { AllowedAddress } from './allowed.ts';
import { fetchJson } from './fetch-json.ts';
import { fillIn, SourceError, type Answered, type Subject } from './source.ts';

const Sample = z.tuple([z.number(), z.string()]);
const Answer = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('scalar'), result: Sample }),
    z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: Sample })) }),
  ]),
});

/**
 * The one number that a query gives for a version; `null` when there is no series, or it is no number (0/0).
 *
 * @throws SourceError when Prometheus does not answer, refuses the query, or gives several series
 */
export async function askPrometheus(
  base: AllowedAddress,
  query: string,
  subject: Subject,
  signal: AbortSignal,
): Promise<Answered> {
  const url = new URL(base.url);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/query`;
  const promql = fillIn(query, subject);
  url.searchParams.set('query', promql);
  const parsed = Answer.safeParse(await fetchJson({ ...base, url }, signal));
  if (!parsed.success) throw new SourceError(`Prometheus gave neither a scalar nor a vector for ${promql}`);
  const { data } = parsed.data;
  if (data.resultType === 'scalar') return finite(data.result[1]);
  const [only, ...more] = data.result;
  if (more.length > 0)
    throw new SourceError(
      `${promql} gives ${data.result.length} series; sum(…) or max(…) makes one number of them`,
    );
  return only ? finite(only.value[1]) : null;
}

function finite(text: string): Answered {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
