/** The plan's own sources against a real HTTP server. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_JUDGE_SETTINGS } from '../../../domain/analysis/settings.ts';
import type { PlanMetric, PlanMetricRule, PlanMetricSource } from '../../../domain/plan/plan.ts';
import { allowedAddress } from './allowed.ts';
import { openSource, refusedSources } from './open.ts';
import { Sampler } from './sampler.ts';
import type { MetricSource } from './source.ts';

const COUNTERS: PlanMetricRule = { kind: 'counters', settings: DEFAULT_JUDGE_SETTINGS, weight: 1 };
const ABOVE: PlanMetricRule = { kind: 'bound', side: 'above', bound: 1, looks: 3 };

let server: Server;
let base: string;
let answer: (request: IncomingMessage, url: URL, response: ServerResponse) => void;
const asked: URL[] = [];
let authorization: string | undefined;

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', base);
    asked.push(url);
    ({ authorization } = request.headers);
    answer(request, url, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked.length = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const json =
  (make: (url: URL) => unknown): typeof answer =>
  (_, url, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(make(url)));

function open(
  source: PlanMetricSource,
  rule: PlanMetricRule,
  services = ['shop'],
  allowed = [base],
): MetricSource {
  const metric: PlanMetric = { name: 'checkout', source, rule };
  return openSource(metric, {
    services: services.map((service) => ({ service, stable: '1', canary: '2' })),
    alias: 'PROD',
    home: 'cn-local',
    allowed,
  });
}

const signal = (): AbortSignal => new AbortController().signal;

/** Prometheus' answer with these series. */
const vector = (...values: readonly string[]) => ({
  status: 'success',
  data: {
    resultType: 'vector',
    result: values.map((value) => ({ metric: {}, value: [1_700_000_000, value] })),
  },
});

describe('Prometheus', () => {
  const prometheus = (): PlanMetricSource => ({
    kind: 'prometheus',
    url: `${base}/prom/`,
    queries: {
      bad: 'sum(bad_total{service="{{service}}",version="{{version}}"})',
      all: 'sum(all_total{service="{{service}}",version="{{version}}"})',
      value: 'max(depth{version="{{version}}"})',
    },
  });

  test('gives counters of each version, added over services', async () => {
    answer = json((url) => {
      const query = url.searchParams.get('query') ?? '';
      const isCanary = query.includes('version="2"');
      return vector(query.startsWith('sum(bad') ? (isCanary ? '3' : '1') : isCanary ? '10.5' : '200');
    });
    expect(await open(prometheus(), COUNTERS, ['shop', 'cart']).read(signal())).toEqual({
      kind: 'counters',
      canary: { bad: 6, all: 21 },
      stable: { bad: 2, all: 400 },
    });
    expect(new Set(asked.map((url) => url.pathname))).toEqual(new Set(['/prom/api/v1/query']));
    expect(asked.map((url) => url.searchParams.get('query'))).toContain(
      'sum(bad_total{service="cart",version="2"})',
    );
  });

  test('a version without a series has counted nothing, and has no number', async () => {
    answer = json(({ searchParams }) =>
      searchParams.get('query')?.includes('"2"')
        ? vector()
        : { status: 'success', data: { resultType: 'scalar', result: [1, '7'] } },
    );
    expect(await open(prometheus(), COUNTERS).read(signal())).toMatchObject({ canary: { bad: 0, all: 0 } });
    expect(await open(prometheus(), ABOVE).read(signal())).toEqual({
      kind: 'numbers',
      canary: null,
      stable: 7,
    });
  });

  test('services whose questions read the same are asked for once — they would be counted twice', async () => {
    answer = json(() => vector('4'));
    const source = {
      ...prometheus(),
      queries: { bad: 'b{v="{{version}}"}', all: 'a{v="{{version}}"}' },
    } as const;
    expect(await open(source, COUNTERS, ['shop', 'cart']).read(signal())).toMatchObject({
      canary: { bad: 4, all: 4 },
    });
  });

  test.each<[string, typeof answer, RegExp]>([
    ['several series', json(() => vector('1', '2')), /gives 2 series; sum\(…\) or max\(…\)/],
    [
      'a range',
      json(() => ({ status: 'success', data: { resultType: 'matrix', result: [] } })),
      /neither a scalar nor a vector/,
    ],
    [
      'a refusal',
      (_, __, response) => response.writeHead(400).end('parse error'),
      /answered 400: parse error/,
    ],
    ['no JSON', (_, __, response) => response.end('<html>'), /answered no JSON: <html>/],
  ])('%s is said, and is no number', async (_, given, message) => {
    answer = given;
    await expect(open(prometheus(), COUNTERS).read(signal())).rejects.toThrow(message);
  });
});

describe('HTTP', () => {
  const http = (path = '/judge/{{service}}/{{version}}?alias={{alias}}'): PlanMetricSource => ({
    kind: 'http',
    url: `${base}${path}`,
  });

  test('gives counters of each version', async () => {
    answer = json((url) =>
      url.pathname === '/judge/shop/2' ? { bad: 5, all: 10 } : { bad: 1, all: 90, more: 'x' },
    );
    expect(await open(http(), COUNTERS).read(signal())).toEqual({
      kind: 'counters',
      canary: { bad: 5, all: 10 },
      stable: { bad: 1, all: 90 },
    });
    expect(asked[0]?.search).toBe('?alias=PROD');
  });

  test('gives a number of each version, the worst over services', async () => {
    answer = json((url) => ({ value: url.pathname.includes('cart') ? 9 : 2 }));
    expect(await open(http(), ABOVE, ['shop', 'cart']).read(signal())).toEqual({
      kind: 'numbers',
      canary: 9,
      stable: 9,
    });
  });

  test('is asked for each region by the service’s name there — its place is Sluice’s own word', async () => {
    answer = json((url) => ({ value: url.pathname.startsWith('/judge/cn-north/shop/') ? 9 : 2 }));
    const places = ['shop', 'cn-north/shop'];
    await open(http('/judge/{{region}}/{{service}}/{{version}}'), ABOVE, places).read(signal());
    expect(asked.map(({ pathname }) => pathname).sort()).toEqual([
      '/judge/cn-local/shop/1',
      '/judge/cn-local/shop/2',
      '/judge/cn-north/shop/1',
      '/judge/cn-north/shop/2',
    ]);
  });

  test('another answer is said', async () => {
    answer = json(() => ({ errors: 3 }));
    await expect(open(http(), COUNTERS).read(signal())).rejects.toThrow(
      'answered {"errors":3}; wanted {"bad": n, "all": n}',
    );
  });

  test('is not followed to another address — it could be one inside the operator’s network', async () => {
    answer = (_, url, response) => response.writeHead(302, { location: `${base}/secret` }).end(url.pathname);
    await expect(open(http(), COUNTERS).read(signal())).rejects.toThrow('answered 302');
    expect(asked.some((url) => url.pathname === '/secret')).toBe(false);
  });

  test('is read within bounds of size', async () => {
    answer = (_, __, response) => response.end('x'.repeat(2_000_000));
    await expect(open(http(), COUNTERS).read(signal())).rejects.toThrow('more than 1000000 bytes');
  });

  test('what is not allowed is not asked, and the plan’s reader says so', async () => {
    const source = http();
    await expect(
      open(source, COUNTERS, ['shop'], ['http://elsewhere.example/']).read(signal()),
    ).rejects.toThrow(`${base} is not among the addresses that the operator allows (SLUICE_METRIC_SOURCES)`);
    expect(asked).toHaveLength(0);
    const metric: PlanMetric = { name: 'checkout', source, rule: COUNTERS };
    expect(refusedSources([metric], [])).toEqual([
      expect.stringContaining('metric checkout: http://127.0.0.1'),
    ]);
    expect(refusedSources([metric], [base])).toEqual([]);
  });

  test('gets the operator’s user and password, which no plan and no message holds', async () => {
    answer = json(() => ({ bad: 0, all: 1 }));
    const withLogin = base.replace('//', '//judge:p%40ss@');
    await open(http(), COUNTERS, ['shop'], [withLogin]).read(signal());
    expect(authorization).toBe(`Basic ${Buffer.from('judge:p@ss').toString('base64')}`);
    answer = (_, __, response) => response.writeHead(500).end();
    const failed: unknown = await open(http(), COUNTERS, ['shop'], [withLogin])
      .read(signal())
      .catch((error: unknown) => error);
    expect(String(failed)).toContain('answered 500');
    expect(String(failed)).not.toContain('p@ss');
  });
});

describe('allowed addresses', () => {
  test.each([
    ['http://prom.example/api', ['http://prom.example'], true],
    ['http://prom.example/api/x', ['http://prom.example/api'], true],
    ['http://prom.example/apix', ['http://prom.example/api'], false],
    ['http://prom.example/api/../admin', ['http://prom.example/api/'], false],
    ['http://prom.example/api/%2e%2e/admin', ['http://prom.example/api/'], false],
    ['https://prom.example/api', ['http://prom.example'], false],
    ['http://prom.example:9090/', ['http://prom.example'], false],
    ['http://prom.example.evil.example/', ['http://prom.example'], false],
    ['http://prom.example@169.254.169.254/', ['http://prom.example'], false],
    ['http://user:pass@prom.example/', ['http://prom.example'], false],
    ['file:///etc/passwd', ['file:///etc/'], false],
    ['http://169.254.169.254/latest/meta-data', [], false],
    ['no address', ['http://prom.example'], false],
  ])('%s under %j: %s', (address, allowed, isAllowed) => {
    expect(allowedAddress(address, allowed) !== null).toBe(isAllowed);
  });
});

describe('sampler', () => {
  test('never waits: what is not answered is silent, and comes with a later look', async () => {
    let give: (() => void) | undefined;
    const sample = { kind: 'numbers', canary: 1, stable: 2 } as const;
    const slow: MetricSource = { read: () => new Promise((resolve) => (give = () => resolve(sample))) };
    const faults: string[] = [];
    const broken: MetricSource = { read: () => Promise.reject(new Error('away')) };
    const sampler = new Sampler(
      new Map([
        ['slow', slow],
        ['broken', broken],
      ]),
      (metric, error) => faults.push(`${metric}: ${String(error)}`),
    );
    sampler.ask(signal());
    await Promise.resolve();
    expect(sampler.take()).toEqual({ slow: null, broken: null });
    give?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sampler.take()).toEqual({ slow: sample, broken: null });
    expect(sampler.take()).toEqual({ slow: null, broken: null });
    expect(faults).toEqual(['broken: Error: away']);
  });
});
