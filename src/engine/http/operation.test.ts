import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Call, json, type CallInit, type Operation } from './operation.ts';
import { pageOfNames } from './paging.ts';
import { createRouter } from './router.ts';

function call(init: Partial<CallInit> & { readonly queryText?: string }): Call {
  return new Call({
    params: new Map(),
    query: new URLSearchParams(init.queryText ?? ''),
    body: Buffer.alloc(0),
    contentType: 'application/json',
    ifMatch: undefined,
    input: undefined,
    origin: 'http://h',
    ...init,
  });
}

describe('paging', () => {
  const names = Array.from({ length: 250 }, (_, index) => `f${String(index).padStart(3, '0')}`).reverse();

  test('walks 250 items without losing or repeating one, and ends without a token', () => {
    const seen: string[] = [];
    let token: string | undefined;
    let pages = 0;
    do {
      const page = pageOfNames(call({ queryText: `limit=100${token ? `&nextToken=${token}` : ''}` }), names);
      seen.push(...page.items);
      token = page.nextToken;
      pages += 1;
    } while (token !== undefined);
    expect(pages).toBe(3);
    expect(seen).toEqual(names.toSorted());
  });

  test('has 20 items unless told otherwise — also when the parameter is empty', () => {
    expect(pageOfNames(call({ queryText: 'limit=&prefix=&nextToken=' }), names).items).toHaveLength(20);
  });

  test('startKey is inclusive, prefix filters, nextToken wins over startKey', () => {
    const ask = (queryText: string): readonly string[] => pageOfNames(call({ queryText }), names).items;
    expect(ask('startKey=f249')).toEqual(['f249']);
    expect(ask('prefix=f24&startKey=f248')).toEqual(['f248', 'f249']);
    expect(ask('startKey=f000&nextToken=f249')).toEqual(['f249']);
  });

  test('an exact last page has no token — it would lead to an empty page', () => {
    expect(pageOfNames(call({ queryText: 'limit=2' }), ['a', 'b'])).toEqual({ items: ['a', 'b'] });
  });

  test.each(['0', '101', '-1', '1.5', 'many', '1e1'])('limit %s is refused', (limit) => {
    expect(() => pageOfNames(call({ queryText: `limit=${limit}` }), names)).toThrow('limit must be');
  });
});

describe('If-Match', () => {
  const match = (ifMatch: string | undefined): void => call({ ifMatch }).requireMatch('2a', "service 'demo'");

  test.each([undefined, '', '*', '2a', '"2a"', 'W/"2a"', '"1", "2a"'])(
    '%s lets the write through',
    (value) => {
      expect(() => match(value)).not.toThrow();
    },
  );

  test.each(['*', '""', '2a'])('%s matches nothing where there is nothing yet', (ifMatch) => {
    expect(() => call({ ifMatch }).requireMatch('', "service 'demo'")).toThrow('If-Match does not match');
    expect(() => call({ ifMatch: undefined }).requireMatch('', "service 'demo'")).not.toThrow();
  });

  test('another etag is refused', () => {
    expect(() => match('29')).toThrow("If-Match does not match the current etag of service 'demo'");
  });
});

describe('bodies', () => {
  const Schema = z.object({
    description: z.string().exactOptional(),
    certConfig: z.object({ certName: z.string().exactOptional() }).exactOptional(),
    environment: z.record(z.string(), z.string()).exactOptional(),
  });
  const read = (text: string, contentType = 'application/json'): unknown =>
    call({ body: Buffer.from(text), contentType, input: Schema }).body(Schema);

  test('keys match whatever their case, also nested — Go sends Description and CertName', () => {
    expect(read('{"Description":"d","certConfig":{"CertName":"c"}}')).toEqual({
      description: 'd',
      certConfig: { certName: 'c' },
    });
  });

  test('keys of free maps keep their case', () => {
    expect(read('{"environment":{"Description":"x"}}')).toEqual({ environment: { Description: 'x' } });
  });

  test('null is absent, unknown members are ignored, no body is empty', () => {
    expect(read('{"description":null,"newer":1}')).toEqual({});
    expect(read('')).toEqual({});
  });

  test.each<[string, (inner: z.ZodObject) => z.ZodType]>([
    ['itself', (inner) => inner],
    ['optional', (inner) => inner.optional()],
    ['exactly optional', (inner) => inner.exactOptional()],
    ['nullable', (inner) => inner.nullable()],
    ['with a default', (inner) => inner.default({})],
    ['with a default that is read', (inner) => inner.prefault({})],
    ['read-only', (inner) => inner.readonly()],
    ['one of many', (inner) => z.array(inner)],
  ])('an object %s inside another is read alike — Go sends all it has as null', (name, wrap) => {
    const Inner = z.object({ prefix: z.string().exactOptional(), suffix: z.string().default('s') });
    const Outer = z.object({ filter: wrap(Inner) });
    const given = { Prefix: 'p', suffix: null };
    const isMany = name === 'one of many';
    const answer = call({
      body: Buffer.from(JSON.stringify({ Filter: isMany ? [given] : given })),
      input: Outer,
    });
    const read = { prefix: 'p', suffix: 's' };
    expect(answer.body(Outer)).toEqual({ filter: isMany ? [read] : read });
  });

  test('text that PostgreSQL cannot hold is refused, other escapes are not', () => {
    expect(() => read('{"environment":{"A":"\\u0000"}}')).toThrow('zero character');
    expect(() => read('{"environment":{"A":"\\ud83d"}}')).toThrow('surrogate');
    expect(read('{"environment":{"A":"\\ud83d\\ude00\\u4e2d"}}')).toEqual({ environment: { A: '😀中' } });
  });

  test('JSON that was streamed is JSON — the public SDK does not say so of streams', () => {
    expect(read('{"description":"a"}', 'application/octet-stream')).toEqual({ description: 'a' });
  });

  test('what does not fit is named', () => {
    expect(() => read('{"certConfig":{"certName":5}}')).toThrow('certConfig.certName');
    expect(() => read('{')).toThrow('the body is not JSON');
    expect(() => read('{}', 'text/plain')).toThrow('application/json');
  });
});

describe('routing', () => {
  const operation = (name: string, path: string): Operation => ({
    name,
    method: 'GET',
    path,
    run: () => json(name),
  });
  const route = createRouter([
    operation('Get', '/services/{service}'),
    operation('List', '/services/{service}/functions'),
  ]);

  test('parameters are decoded, the qualifier is split at the first dot', () => {
    const { operation, params } = route('GET', '/services/demo.pr%6Fd');
    expect(operation.name).toBe('Get');
    expect(call({ params }).serviceAndQualifier).toEqual({ service: 'demo', qualifier: 'prod' });
  });

  test.each(['/services', '/services/', '/services/a/b', '/services/a/functions/', '/other/a', ''])(
    '%j is not supported',
    (path) => {
      expect(() => route('GET', path)).toThrow('is not supported');
    },
  );

  test('another method is not supported; broken encoding is an argument fault', () => {
    expect(() => route('PATCH', '/services/a')).toThrow("'/services/a' against 'PATCH' is not supported");
    expect(() => route('GET', '/services/%zz')).toThrow('percent-encoding');
  });
});
