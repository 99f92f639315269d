/**
 * Whatever the public SDK signs is accepted, and not one part of it can be changed on the way: the SDK's own code makes
 * the signatures of requests that chance makes up.
 */
import type * as Crypto from 'node:crypto';
import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';

const timingSafeEqual = vi.hoisted(() => ({ calls: 0 }));
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof Crypto>();
  return {
    ...real,
    timingSafeEqual: (a: Buffer, b: Buffer): boolean => {
      timingSafeEqual.calls += 1;
      return real.timingSafeEqual(a, b);
    },
  };
});

import { ApiError } from './api-error.ts';
import { readRequestHead } from './request-head.ts';
import { createVerifier } from './signature.ts';

const KEY = { id: 'EXAMPLEKEYID', secret: 'exampleSecret0123456789abcdef' };
const DATE = 'Mon, 06 Jan 2025 08:00:00 GMT';
const AT = Date.parse(DATE);
const PROXY = '/2016-08-15/proxy/shop.PROD/web';

type Query = Readonly<Record<string, string | readonly string[]>>;
interface Signing {
  readonly getSignature: (
    id: string,
    secret: string,
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    query?: Query,
  ) => string;
}
const { getSignature } = createRequire(import.meta.url)('@alicloud/fc2') as Signing;

interface Request {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** Decoded; `undefined` of a management call, which leaves it unsigned. */
  readonly query: Query | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const segment = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((part) => part !== '.' && part !== '..');
const value = fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((line) => line.trim());
const headers = fc
  .dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), value, { maxKeys: 4 })
  .map((named) => Object.fromEntries(Object.entries(named).map(([name, line]) => [`x-fc-${name}`, line])));
const query = fc.dictionary(
  text.filter((name) => name !== '__proto__' && name !== 'x-fc-signature'),
  fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
  { maxKeys: 4, noNullPrototype: true },
);
const requests: fc.Arbitrary<Request> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'),
    segments: fc.array(segment, { maxLength: 3 }),
    query: fc.option(query, { nil: undefined }),
    headers,
    md5: fc.constantFrom('', 'e0d8a5211616892c3cfee82ad77fe22e'),
    type: fc.constantFrom('', 'application/json', 'application/octet-stream'),
  })
  .map(({ segments, md5, type, ...rest }) => ({
    ...rest,
    path: `${rest.query ? PROXY : '/2016-08-15/services'}/${segments.join('/')}`,
    headers: { ...rest.headers, 'content-md5': md5, 'content-type': type, date: DATE },
  }));

/** As the SDK signs it. */
const sign = ({ method, path, query: pairs, headers: lines }: Request): string =>
  getSignature(KEY.id, KEY.secret, method, path, lines, pairs);

const pairsOf = (pairs: Query): [string, string][] =>
  Object.entries(pairs).flatMap(([name, values]) =>
    [values].flat().map((one): [string, string] => [name, one]),
  );

/** As the front sees what came over the wire; `authorization` was made for the same or another request, or is in the query. */
function verdict(request: Request, authorization = '', at = AT): string {
  const wire = Object.entries({ ...request.headers, Authorization: authorization }).flatMap(([name, line]) =>
    line === '' ? [] : [name.toUpperCase(), line],
  );
  // What is sent empty is signed empty.
  for (const [name, line] of Object.entries(request.headers))
    if (name.startsWith('x-fc-') && line === '') wire.push(name, '');
  try {
    createVerifier(
      KEY,
      () => at,
    )({
      method: request.method,
      path: request.path.split('/').map(encodeURIComponent).join('/'),
      query: request.query ? new URLSearchParams(pairsOf(request.query)).toString() : 'limit=1',
      head: readRequestHead(wire),
      isFunctionCall: request.query !== undefined,
    });
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** What the two say is signed: equal where a change changed nothing, as when a query is put in another order. */
const said = ({ method, path, query: pairs, headers: lines }: Request): string =>
  JSON.stringify([
    method,
    path,
    pairs &&
      pairsOf(pairs)
        .map((pair) => pair.join('='))
        .sort(),
    lines,
  ]);

test('what the SDK signs is accepted, in whatever order the query comes', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const authorization = sign(request);
      expect(verdict(request, authorization)).toBe('accepted');
      const reversed = request.query && Object.fromEntries(Object.entries(request.query).reverse());
      expect(verdict({ ...request, query: reversed }, authorization)).toBe('accepted');
    }),
    { numRuns: 300 },
  );
});

test('what was signed for one request is refused for another, by a comparison in constant time', () => {
  const changes = fc.constantFrom<keyof Request>('method', 'path', 'query', 'headers');
  fc.assert(
    fc.property(requests, requests, changes, (signed, other, part) => {
      const changed: Request = { ...signed, [part]: other[part] };
      fc.pre(
        (signed.query === undefined) === (changed.query === undefined) && said(changed) !== said(signed),
      );
      const before = timingSafeEqual.calls;
      expect(verdict(changed, sign(signed))).toBe('SignatureNotMatch');
      expect(timingSafeEqual.calls).toBeGreaterThan(before);
    }),
    { numRuns: 300 },
  );
});

test('a presigned URL opens what it was made for until its time, and nothing else', () => {
  const signed = requests.filter(({ query: pairs }) => pairs !== undefined);
  fc.assert(
    fc.property(signed, requests, fc.integer({ min: 0, max: 1_000 }), (request, other, leftS) => {
      const expires = String(AT / 1_000 + leftS);
      const own = { 'x-fc-access-key-id': KEY.id, 'x-fc-expires': expires };
      const asked = { ...request, query: { ...request.query, ...own } };
      const [, signature = ''] = sign({ ...asked, headers: { ...request.headers, date: expires } }).split(
        ':',
      );
      const of = ({ query: pairs, ...rest }: Request, at = AT): string =>
        verdict({ ...rest, query: { ...pairs, ...own, 'x-fc-signature': signature } }, undefined, at);
      expect(of(request)).toBe('accepted');
      expect(of(request, AT + leftS * 1_000 + 1)).toBe('AccessDenied');
      const changed = { ...request, query: other.query ?? {} };
      fc.pre(said(changed) !== said(request));
      expect(of(changed)).toBe('SignatureNotMatch');
    }),
    { numRuns: 200 },
  );
});

test('one bit less of a signature is refused, wherever it is, by the same comparison', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 0, max: 255 }), (request, bit) => {
      const [prefix = '', signature = ''] = sign(request).split(/(?<=:)/);
      const bytes = Buffer.from(signature, 'base64');
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const before = timingSafeEqual.calls;
      expect(verdict(request, prefix + bytes.toString('base64'))).toBe('SignatureNotMatch');
      expect(timingSafeEqual.calls).toBeGreaterThan(before);
    }),
    { numRuns: 100 },
  );
});
