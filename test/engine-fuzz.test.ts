/**
 * Ten thousand requests that make no sense, against the engine's front: none is answered 500, none ends the engine, and
 * what it holds does not grow with them. The seed is fixed, so that a failure can be had again.
 */
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send } from './support/engine-process.ts';
import { held, INSPECTED, type Held } from './support/held.ts';
import { poll } from './support/stack.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

const PARALLEL = 16;
/** As many before what is held is looked at first, and before each further look. */
const ROUND = 3_344;
/**
 * What a request may leave behind on average. The smallest thing that could be forgotten of one, an entry of a map, is
 * 100 bytes in every round; what compilation and caches add to one round, they do not add to the next.
 */
const LEFT_BYTES = 80;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine(INSPECTED);
});
afterAll(() => engine.close());

/** Mulberry32. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const VALUES: readonly unknown[] = [
  null,
  '',
  'x',
  -1,
  0,
  1e308,
  true,
  [],
  {},
  [[[[]]]],
  { a: { b: { c: null } } },
  'ä'.repeat(300),
  '__proto__',
  '\u0000',
];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'];
const SEGMENTS = [
  'x',
  'shop',
  'shop.PROD',
  '..',
  '.',
  '',
  '%00',
  '%zz',
  '%2F',
  'ä',
  'x'.repeat(300),
  '__proto__',
  '{service}',
];
const QUERIES = [
  '',
  'limit=0',
  'limit=99999999999',
  'nextToken=%00',
  'startKey=%FF',
  'prefix=%zz',
  '&&&===',
  'tag_=',
  'direction=UP',
];

test('ten thousand malformed requests', async () => {
  const random = chance(20_160_815);
  const pick = <T>(from: readonly T[]): T => {
    const [found] = from.slice(Math.floor(random() * from.length));
    if (found === undefined) throw new Error('there is nothing to pick from');
    return found;
  };
  const document = (
    await send(engine.process, { path: '/openapi.json', isSigned: false })
  ).json() as unknown as {
    paths: Record<
      string,
      Record<string, { requestBody?: { content?: Record<string, { schema?: { properties?: object } }> } }>
    >;
  };
  const templates = Object.entries(document.paths);
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL });

  /** A known path with senseless parameters, an unknown one, or a known body with senseless members. */
  const next = () => {
    const [template, methods] = pick(templates);
    const path = encodeURI(template.replaceAll(/\{\w+\}/g, () => pick(SEGMENTS))).replaceAll('%25', '%');
    const query = pick(QUERIES);
    const described = Object.values(methods)
      .map(({ requestBody }) => requestBody?.content?.['application/json']?.schema?.properties)
      .find(Boolean);
    const members = Object.keys(described ?? { a: 1, b: 2 });
    const body = Object.fromEntries(members.filter(() => random() < 0.6).map((name) => [name, pick(VALUES)]));
    const text = JSON.stringify(body);
    return {
      method: random() < 0.7 ? pick(Object.keys(methods)).toUpperCase() : pick(METHODS),
      path: query === '' ? path : `${path}?${query}`,
      headers: {
        'content-type': random() < 0.9 ? 'application/json' : 'text/plain',
        'x-fc-log-type': pick(['', 'Tail', 'Head']),
      },
      ...(random() < 0.8 && { body: random() < 0.1 ? text.slice(0, -1) : text }),
      isSigned: random() < 0.95,
      agent,
    };
  };
  const seen = new Map<number, number>();
  const failures: string[] = [];
  const worker = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const request = next();
      const { status, body } = await send(engine.process, request);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (status >= 500)
        failures.push(
          `${request.method} ${request.path} ${request.body ?? ''} → ${status} ${body.toString()}`,
        );
    }
  };
  const round = async (): Promise<void> => {
    await Promise.all(Array.from({ length: PARALLEL }, () => worker(ROUND / PARALLEL)));
    agent.destroy();
  };
  // The first round fills caches and compiles; what is held is compared from there on.
  await round();
  const first = await rest();
  await round();
  const second = await rest();
  await round();
  expect(failures).toEqual([]);
  const third = await rest();
  expect(third.descriptors).toBeLessThanOrEqual(first.descriptors);
  const grown = [second.bytes - first.bytes, third.bytes - second.bytes];
  expect(Math.min(...grown) / ROUND).toBeLessThan(LEFT_BYTES);
  expect((await send(engine.process, { path: '/healthz', isSigned: false })).status).toBe(200);
  expect(seen.get(400)).toBeGreaterThan(ROUND / 3);
});

test('bytes that are no HTTP are answered or cut, and the next caller is served', async () => {
  const random = chance(7);
  for (let index = 0; index < 300; index += 1) {
    const bytes = Buffer.from(
      Array.from({ length: 1 + Math.floor(random() * 400) }, () => Math.floor(random() * 256)),
    );
    await new Promise<void>((resolve) => {
      const socket = connect(engine.process.port, '127.0.0.1', () => socket.end(bytes));
      socket.on('data', () => undefined);
      socket.on('error', () => resolve());
      socket.on('close', () => resolve());
    });
  }
  expect((await send(engine.process, { path: '/healthz', isSigned: false })).status).toBe(200);
});

/** What the engine holds once its callers' connections are closed on both sides. */
async function rest(): Promise<Held> {
  let last: Held | undefined;
  await poll('the engine to have no callers', async () => {
    last = await held(engine.process);
    return last.callers === 0;
  });
  if (!last) throw new Error('nobody looked');
  return last;
}
