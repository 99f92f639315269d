/** Services with `tracingConfig`: what their functions are told of the span that a call belongs to. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { functionOf, send, type Sdk } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

const ENDPOINT = 'http://jaeger.test/api/traces';
const TRACED = { type: 'Jaeger', params: { endpoint: ENDPOINT } };
const SPAN = '124ed43254b54966:124ed43254b54966:0:1';
const HEADERS = {
  'x-fc-tracing-opentracing-span-context': SPAN,
  'x-fc-tracing-opentracing-span-context-baggage-key': 'val',
};

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
  await sdk.createService('traced', { tracingConfig: TRACED });
  await sdk.createFunction('traced', await functionOf('tell', 'async (_, { tracing }) => tracing'));
});
afterAll(() => engine.close());

async function told(headers: Readonly<Record<string, string>>): Promise<unknown> {
  const { data } = await sdk.invokeFunction('traced', 'tell', '', headers);
  return JSON.parse(String(data)) as unknown;
}

test("an event call gives the caller's span, its baggage and the endpoint", async () => {
  expect(await told(HEADERS)).toEqual({
    openTracingSpanContext: SPAN,
    openTracingSpanBaggages: { key: 'val' },
    jaegerEndpoint: ENDPOINT,
  });
});

test('so does a call of an HTTP function', async () => {
  await sdk.createFunction(
    'traced',
    await functionOf('web', '(req, resp, { tracing }) => resp.send(JSON.stringify(tracing))'),
  );
  await sdk.createTrigger('traced', 'web', {
    triggerName: 'http',
    triggerType: 'http',
    triggerConfig: { authType: 'anonymous', methods: ['GET'] },
  });
  const path = '/2016-08-15/proxy/traced/web/';
  const answer = await send(engine.process, { path, headers: HEADERS, isSigned: false });
  expect(answer.json()).toMatchObject({ openTracingSpanContext: SPAN, jaegerEndpoint: ENDPOINT });
});

test('switched off it is null, and calls are not traced any more', async () => {
  expect((await sdk.getService('traced')).data).toMatchObject({ tracingConfig: TRACED });
  const { data } = await sdk.updateService('traced', { tracingConfig: {} });
  expect(data).toMatchObject({ tracingConfig: { type: null, params: null } });
  expect(await told(HEADERS)).toEqual({
    openTracingSpanContext: '',
    openTracingSpanBaggages: {},
    jaegerEndpoint: '',
  });
});
