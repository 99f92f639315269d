/**
 * The contract of every operation, against one running engine: each error code that it has, the ends of each limit,
 * pages of each listing, two writers of each resource that has an ETag, and a kill after which everything is there. The
 * cases are in `operations/`; that none was left out is asked of the engine's own `/openapi.json`. What operations answer
 * when all is well is in `openapi-answers.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GONE, makeAll, READS, readAll } from './operations/kept.ts';
import { LIMITS, prepareLimits } from './operations/limits.ts';
import { COUNT, fillPages, LISTINGS, pagesOf } from './operations/paging.ts';
import { pairsOf, raceOnce, RACES } from './operations/races.ts';
import { REFUSALS } from './operations/refusals.ts';
import { saidBy, startSubject, withNulls, type Subject } from './operations/subject.ts';

let subject: Subject;
beforeAll(async () => {
  subject = await startSubject();
});
afterAll(() => subject.close());

describe('every operation', () => {
  test('has its refusals here', () => {
    expect(Object.keys(REFUSALS).toSorted()).toEqual([...subject.api.keys()].toSorted());
  });

  test.each(Object.entries(REFUSALS))('%s refuses by the specified codes', async (operation, refusals) => {
    for (const [says, asking] of refusals)
      expect([asking, saidBy(await subject.ask(operation, asking))]).toEqual([asking, says]);
  });

  test('is signed, but for links that carry their own permission', async () => {
    for (const { name, isSigned } of subject.api.values()) {
      expect([name, isSigned]).toEqual([name, name !== 'DownloadCode']);
      if (!isSigned) continue;
      const unsigned = saidBy(await subject.ask(name, { isSigned: false }));
      expect([name, unsigned]).toEqual([name, '400 MissingRequiredHeader']);
      const forged = { authorization: `FC LTAItest:${Buffer.alloc(32).toString('base64')}` };
      const refused = await subject.ask(name, { isSigned: false, headers: forged });
      expect([name, saidBy(refused)]).toEqual([name, '403 SignatureNotMatch']);
    }
  });

  test('that takes JSON takes nothing else, and looks at it once the path is known', async () => {
    const json = { 'content-type': 'application/json' };
    for (const { name, input, path } of subject.api.values()) {
      if (!input) continue;
      const says = async (body: string, headers: Record<string, string>, of = {}): Promise<unknown> => [
        name,
        saidBy(await subject.ask(name, { of, body, headers })),
      ];
      const of = { service: 'shop.PROD' };
      const qualified = path.includes('-config') ? of : {};
      expect(await says('{}', { 'content-type': 'text/plain' }, qualified)).toEqual([
        name,
        '415 UnsupportedMediaType',
      ]);
      expect(await says('{', json, qualified)).toEqual([name, '400 InvalidArgument']);
      expect(await says('[]', json, qualified)).toEqual([name, '400 InvalidArgument']);
      if (path.includes('{service}'))
        expect(await says('{', json, { service: 'none' })).toEqual([name, '404 ServiceNotFound']);
    }
  });

  test('that takes JSON takes null for absent, however deep — Go sends all that it has not so', async () => {
    for (const { name, input, path } of subject.api.values()) {
      if (!input) continue;
      const of = path.includes('-config') ? { service: 'shop.PROD' } : {};
      const body = withNulls(input);
      const without = JSON.stringify(body, (_, member: unknown) => member ?? undefined);
      const told = await subject.ask(name, { of, body });
      const plain = await subject.ask(name, { of, body: JSON.parse(without) as object });
      expect([name, told.status, told.json().ErrorMessage]).toEqual([
        name,
        plain.status,
        plain.json().ErrorMessage,
      ]);
    }
  });

  test('that is unknown is told so, whatever the method', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect(await subject.elsewhere(method, '/2016-08-15/services/shop/nothing')).toBe(
        '400 PathNotSupported',
      );
  });
});

describe('two writers who saw the same ETag', () => {
  test('are tried on every operation that heeds If-Match', () => {
    const tried = new Set(['PublishVersion', ...RACES.flatMap(({ writes }) => writes.map(([name]) => name))]);
    const heeding = [...subject.api.values()].filter(({ takesIfMatch }) => takesIfMatch);
    expect([...tried].toSorted()).toEqual(heeding.map(({ name }) => name).toSorted());
  });

  test.each(RACES.map((race) => [race.what, race] as const))('of %s: one wins', async (_, race) => {
    for (const writers of pairsOf(race))
      for (let round = 0; round < 3; round += 1) {
        const told = await raceOnce(subject, race, writers);
        expect([writers, told.filter((says) => says.startsWith('2'))]).toEqual([
          writers,
          [expect.anything()],
        ]);
        // Whoever comes after a deletion finds nothing.
        const other = told.find((says) => !says.startsWith('2'));
        if (other !== '412 PreconditionFailed') {
          expect(other).toMatch(/^404 /);
          expect(writers.some(([operation]) => operation.startsWith('Delete'))).toBe(true);
        }
      }
  });

  test.each(RACES.map((race) => [race.what, race] as const))(
    'of %s: a write of what is there already is a write too',
    async (_, race) => {
      const { of = {}, read, writes } = race;
      const [operation, body = {}] = writes[0] ?? [];
      await race.make(subject);
      const etags = new Set<unknown>();
      for (let round = 0; round < 3; round += 1) {
        const { headers } = await subject.done(operation ?? '', { of, body });
        expect((await subject.done(read, { of })).headers['etag']).toBe(headers['etag']);
        etags.add(headers['etag']);
      }
      expect([...etags]).toEqual([expect.anything(), expect.anything(), expect.anything()]);
    },
  );

  test('of a service that one of them publishes: what is published is what he saw', async () => {
    const of = { service: 'published' };
    await subject.done('CreateService', { body: { serviceName: 'published', description: '0' } });
    for (let round = 1; round <= 5; round += 1) {
      const seen = await subject.done('GetService', { of });
      const headers = { 'if-match': String(seen.headers['etag']) };
      const [published, updated] = await Promise.all([
        subject.ask('PublishVersion', { of, headers, body: {} }),
        subject.ask('UpdateService', { of, headers, body: { description: String(round) } }),
      ]);
      expect(saidBy(updated)).toBe('200');
      if (published.status !== 200) expect(saidBy(published)).toBe('412 PreconditionFailed');
      else {
        const version = String(published.json()['versionId']);
        const kept = await subject.done('GetService', { of: { service: `published.${version}` } });
        expect(kept.json()['description']).toBe(seen.json()['description']);
      }
    }
  });
});

describe('the ends of a limit', () => {
  beforeAll(() => prepareLimits(subject));

  test.each(LIMITS.map((limit) => [limit.operation, limit.what, limit] as const))(
    '%s, %s: the last that is taken, and the next',
    async (operation, _, { asking, taken, refused, says = '400 InvalidArgument' }) => {
      for (const value of taken)
        expect([value, (await subject.ask(operation, asking(value as never))).status]).toEqual([
          value,
          expect.toSatisfy((status: number) => status < 300),
        ]);
      for (const value of refused)
        expect([value, saidBy(await subject.ask(operation, asking(value as never)))]).toEqual([value, says]);
    },
  );
});

describe('after kill -9', () => {
  test('everything that was answered 2xx is there, whatever its kind, with every member and its ETag', async () => {
    await makeAll(subject);
    const before = await readAll(subject);
    await subject.engine.restart('SIGKILL');
    expect(await readAll(subject)).toEqual(before);
    for (const [operation, asking, set = {}] of READS)
      expect([operation, (await subject.done(operation, asking)).json()]).toMatchObject([operation, set]);
    for (const [, read, asking] of GONE)
      expect([read, (await subject.ask(read, asking)).status]).toEqual([read, 404]);
    const { url } = (
      await subject.done('GetFunctionCode', { of: { service: 'kept', function: 'full' } })
    ).json();
    expect((await fetch(String(url))).status).toBe(200);
  });
});

describe(`over ${COUNT} items`, () => {
  beforeAll(() => fillPages(subject));

  test.each(LISTINGS.map((listing) => [listing.operation, listing.query ?? '', listing] as const))(
    '%s %s pages without losing or repeating one',
    async (_, __, listing) => {
      const { names } = listing;
      const pages = await pagesOf(subject, listing, 100);
      expect(pages.flat()).toEqual(names);
      expect(pages.map(({ length }) => length)).toEqual(
        names.length === COUNT ? [100, 100, 50] : [names.length],
      );
      const odd = await pagesOf(subject, listing, names.length === COUNT ? 83 : 3);
      expect(odd.flat()).toEqual(names);
      // It begins with what it is told to begin with.
      if (listing.startKey !== undefined)
        expect((await pagesOf(subject, listing, 100, names.at(-2))).flat()).toEqual(names.slice(-2));
    },
  );
});
