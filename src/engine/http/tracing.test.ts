import { expect, test } from 'vitest';
import { readRequestHead } from './request-head.ts';
import { tracingOf } from './tracing.ts';

const jaegerEndpoint = 'http://jaeger.test/api/traces';
const SPAN = 'X-Fc-Tracing-Opentracing-Span-Context';
const of = (headers: readonly string[]) => tracingOf(readRequestHead(headers), { jaegerEndpoint });

test("the caller's span and baggage go on to the function", () => {
  expect(
    of([SPAN, '124ed43254b54966:124ed43254b54966:0:1', `${SPAN}-Baggage-Key`, 'val', 'X-Fc-Other', 'x']),
  ).toEqual({
    openTracingSpanContext: '124ed43254b54966:124ed43254b54966:0:1',
    openTracingSpanBaggages: { key: 'val' },
    jaegerEndpoint,
  });
});

test.each([[[]], [[SPAN, 'no span']]])(
  'without a span that can be read a new trace begins: %j',
  (headers) => {
    const [first, second] = [of(headers), of(headers)].map((tracing) => tracing.openTracingSpanContext);
    expect(first).toMatch(/^([0-9a-f]{16}):\1:0:1$/);
    expect(second).not.toBe(first);
  },
);
