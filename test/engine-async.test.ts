/** Asynchronous calls as their callers see them: 202, kept through a kill, looked at, listed, stopped. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ACCOUNT,
  deliverEvent,
  functionOf,
  send,
  type RawAnswer,
  type Sdk,
} from './support/engine-process.ts';
import { poll } from './support/stack.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

const HANDLER = `async (event) => {
  if (event.toString().startsWith('slow')) await new Promise((resolve) => setTimeout(resolve, 60_000));
  return event.toString();
}`;

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
  await sdk.createService('shop', {});
  await sdk.createFunction('shop', { ...(await functionOf('work', HANDLER)), timeout: 120 });
  await sdk.putFunctionAsyncConfig('shop', 'work', '', { statefulInvocation: true });
});
afterAll(() => engine.close());

const FUNCTION = '/2016-08-15/services/shop/functions/work';
const CALLS = `${FUNCTION}/stateful-async-invocations`;

function call(event: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return send(engine.process, {
    method: 'POST',
    path: `${FUNCTION}/invocations`,
    body: event,
    headers: { 'x-fc-invocation-type': 'Async', ...headers },
  });
}
const named = (id: string): Record<string, string> => ({ 'x-fc-stateful-async-invocation-id': id });
async function statusOf(id: string): Promise<unknown> {
  return (await send(engine.process, { path: `${CALLS}/${id}` })).json()['status'];
}
const becomes = (id: string, status: string): Promise<void> =>
  poll(`'${id}' to become ${status}`, async () => (await statusOf(id)) === status);

test('the configuration is put, read, listed and deleted per qualifier', async () => {
  const put = await sdk.putFunctionAsyncConfig('shop', 'work', 'LATEST', {
    statefulInvocation: true,
    maxAsyncRetryAttempts: 1,
    destinationConfig: { onFailure: { destination: 'acs:fc:cn-local:1:services/shop/functions/other' } },
  });
  expect(put.data).toMatchObject({
    service: 'shop',
    function: 'work',
    qualifier: 'LATEST',
    maxAsyncRetryAttempts: 1,
    maxAsyncEventAgeInSeconds: 86_400,
    statefulInvocation: true,
  });
  expect((await sdk.getFunctionAsyncConfig('shop', 'work', '')).data).toEqual(put.data);
  expect((await sdk.listFunctionAsyncConfigs('shop', 'work')).data).toEqual({ configs: [put.data] });
  const queue = { onSuccess: { destination: 'acs:mns:cn-local:1:/queues/q/messages' } };
  await expect(
    sdk.putFunctionAsyncConfig('shop', 'work', '', { destinationConfig: queue }),
  ).rejects.toMatchObject({
    code: 'InvalidArgument',
  });
  await sdk.deleteFunctionAsyncConfig('shop', 'work', '');
  await expect(sdk.getFunctionAsyncConfig('shop', 'work', '')).rejects.toMatchObject({
    code: 'AsyncConfigNotExists',
  });
  await sdk.putFunctionAsyncConfig('shop', 'work', '', { statefulInvocation: true });
});

test('a call is answered 202 before it is made, and its end can be read', async () => {
  const answer = await call('hello', named('first'));
  expect([answer.status, answer.body.length]).toEqual([202, 0]);
  await becomes('first', 'Succeeded');
  const { data } = await sdk.get(`/services/shop/functions/work/stateful-async-invocations/first`);
  expect(data).toMatchObject({
    invocationId: 'first',
    requestId: answer.headers['x-fc-request-id'],
    serviceName: 'shop',
    functionName: 'work',
    qualifier: 'LATEST',
    invocationPayload: 'hello',
    alreadyRetriedTimes: 0,
  });
  const again = await call('hello', named('first'));
  expect([again.status, again.json().ErrorCode]).toEqual([409, 'StatefulAsyncInvocationAlreadyExists']);
});

test('what cannot be taken in is refused: size, id, delay, type', async () => {
  const refusal = async (answer: Promise<RawAnswer>): Promise<string> => {
    const refused = await answer;
    return `${refused.status} ${refused.json().ErrorCode}`;
  };
  expect(await refusal(call('x'.repeat(128 * 1024 + 1)))).toBe('413 EntityTooLarge');
  expect(await refusal(call('x', named('1st')))).toBe('400 InvalidArgument');
  expect(await refusal(call('x', { 'x-fc-async-delay': '3601' }))).toBe('400 InvalidArgument');
  expect(await refusal(call('x', { 'x-fc-invocation-type': 'Later' }))).toBe('400 InvalidArgument');
  expect((await call('x'.repeat(128 * 1024), named('largest'))).status).toBe(202);
  expect((await call('x', { ...named('delayed'), 'x-fc-async-delay': '3600' })).status).toBe(202);
  expect(await statusOf('delayed')).toBe('Enqueued');
});

test('calls are listed in pages, by status and by prefix', async () => {
  for (const index of [1, 2, 3]) await call(`l${index}`, named(`list-${index}`));
  for (const index of [1, 2, 3]) await becomes(`list-${index}`, 'Succeeded');
  const list = async (query: string): Promise<string> => {
    const page = (await send(engine.process, { path: `${CALLS}?${query}` })).json() as unknown as {
      invocations: { invocationId: string }[];
      nextToken?: string;
    };
    const ids = page.invocations.map(({ invocationId }) => invocationId).join();
    return page.nextToken === undefined
      ? ids
      : `${ids} then ${await list(`${query}&nextToken=${page.nextToken}`)}`;
  };
  expect(await list('invocationIdPrefix=list-&sortOrderByTime=asc&limit=2')).toBe(
    'list-1,list-2 then list-3',
  );
  expect(await list('invocationIdPrefix=list-')).toBe('list-3,list-2,list-1');
  expect(await list('status=Enqueued')).toBe('delayed');
  const { startedTime } = (await send(engine.process, { path: `${CALLS}/list-2` })).json();
  const started = Number(startedTime);
  expect(await list(`invocationIdPrefix=list-2&startedTimeBegin=${started}&startedTimeEnd=${started}`)).toBe(
    'list-2',
  );
  expect(await list(`invocationIdPrefix=list-2&startedTimeBegin=${started + 1}`)).toBe('');
  expect(await list(`invocationIdPrefix=list-2&startedTimeEnd=${started - 1}`)).toBe('');
  expect((await send(engine.process, { path: `${CALLS}?status=Never` })).json().ErrorCode).toBe(
    'InvalidArgument',
  );
});

test('a waiting and a running call are stopped, an ended one is not', async () => {
  const stop = (id: string): Promise<RawAnswer> =>
    send(engine.process, { method: 'PUT', path: `${CALLS}/${id}` });
  expect((await stop('delayed')).status).toBe(204);
  expect(await statusOf('delayed')).toBe('Stopped');
  await call('slow', named('slow'));
  await becomes('slow', 'Running');
  expect((await stop('slow')).status).toBe(204);
  await becomes('slow', 'Stopped');
  const late = await stop('first');
  expect([late.status, late.json().ErrorCode]).toEqual([412, 'PreconditionFailed']);
  expect((await stop('none')).json().ErrorCode).toBe('StatefulAsyncInvocationNotFound');
});

test('an event of another product reaches the function that is bound to its source', async () => {
  const sourceArn = `acs:oss:cn-local:${ACCOUNT}:pictures`;
  await sdk.createTrigger('shop', 'work', {
    triggerName: 'pictures',
    triggerType: 'oss',
    sourceArn,
    triggerConfig: { events: ['oss:ObjectCreated:*'], filter: { key: { suffix: '.png' } } },
  });
  const deliver = async (
    key: string,
  ): Promise<{ delivered: { requestId: string; triggerName: string }[] }> => {
    const event = { triggerType: 'oss', sourceArn, eventName: 'ObjectCreated:PutObject', object: { key } };
    const answer = await deliverEvent(engine.process, event);
    return answer.json() as unknown as Awaited<ReturnType<typeof deliver>>;
  };
  expect(await deliver('a.jpg')).toEqual({ delivered: [] });
  const [told] = (await deliver('a.png')).delivered;
  expect(told?.triggerName).toBe('pictures');
  const id = told?.requestId ?? '';
  await becomes(id, 'Succeeded');
  const { invocationPayload } = (await send(engine.process, { path: `${CALLS}/${id}` })).json();
  expect(JSON.parse(String(invocationPayload))).toMatchObject({
    events: [{ oss: { object: { key: 'a.png' } } }],
  });
  await sdk.deleteTrigger('shop', 'work', 'pictures');
});

test('a timer calls by itself', async () => {
  await sdk.createTrigger('shop', 'work', {
    triggerName: 'often',
    triggerType: 'timer',
    triggerConfig: { cronExpression: '@every 1s', payload: 'tick' },
  });
  await poll('a firing that was answered', async () => {
    const list = (
      await send(engine.process, { path: `${CALLS}?status=Succeeded&includePayload=true` })
    ).json();
    return JSON.stringify(list).includes('tick');
  });
  await sdk.deleteTrigger('shop', 'work', 'often');
});

test('fifty calls survive kill -9 in between: every one is made', async () => {
  const ids = Array.from({ length: 50 }, (_, index) => `kill-${index}`);
  const answered = await Promise.all(ids.map(async (id) => (await call(id, named(id))).status));
  await engine.restart('SIGKILL');
  expect(new Set(answered)).toEqual(new Set([202]));
  await poll('all of them to be made', async () => {
    const { data } = await sdk.get('/services/shop/functions/work/stateful-async-invocations', {
      invocationIdPrefix: 'kill-',
      status: 'Succeeded',
      limit: 100,
    });
    return (data as { invocations: object[] }).invocations.length === 50;
  });
});
