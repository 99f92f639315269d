/**
 * What a traced call tells its function: the span that the caller named by `X-Fc-Tracing-Opentracing-Span-Context`, or a
 * new root, and the baggage of `…-Span-Context-Baggage-{key}`. The engine makes no spans of its own, so that the
 * function's spans are children of the caller's.
 */
import { randomBytes } from 'node:crypto';
import type { CallTracing, Revision } from '../invoke/contract.ts';
import type { RequestHead } from './request-head.ts';

const SPAN = 'x-fc-tracing-opentracing-span-context';
const BAGGAGE = `${SPAN}-baggage-`;
/** Jaeger: `{trace}:{span}:{parent}:{flags}`, in hexadecimal digits. */
const SPAN_FORM = /^[0-9a-f]{1,32}:[0-9a-f]{1,16}:[0-9a-f]{1,16}:[0-9a-f]{1,2}$/i;
const SPAN_BYTES = 8;

export function tracingOf(
  { canonicalFcHeaders }: Pick<RequestHead, 'canonicalFcHeaders'>,
  { jaegerEndpoint }: Pick<Revision, 'jaegerEndpoint'>,
): CallTracing {
  let span = '';
  const baggages: [string, string][] = [];
  for (const line of canonicalFcHeaders.split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (name === SPAN) span = line.slice(colon + 1).trim();
    else if (name.startsWith(BAGGAGE) && name.length > BAGGAGE.length)
      baggages.push([name.slice(BAGGAGE.length), line.slice(colon + 1).trim()]);
  }
  return {
    openTracingSpanContext: SPAN_FORM.test(span) ? span : newRoot(),
    openTracingSpanBaggages: Object.fromEntries(baggages),
    jaegerEndpoint,
  };
}

/** A sampled trace that begins here. */
function newRoot(): string {
  const id = randomBytes(SPAN_BYTES).toString('hex');
  return `${id}:${id}:0:1`;
}
