/** Names, qualifiers and paths that chance makes up, against what the specification says of them in other words. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isAliasName,
  isFunctionName,
  isLayerName,
  isQualifier,
  isServiceName,
  isTriggerName,
  isVersionId,
} from '../../domain/names/fc.ts';
import { createDomainRouter, type DomainRoute } from '../catalog/domain-routes.ts';
import { ApiError } from './api-error.ts';
import { splitQualifier } from './function-address.ts';
import { proxyRoute } from './function-route.ts';
import { createRouter } from './router.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_';
const FURTHER = `${LETTERS}0123456789-`;
const oneOf = (characters: string) => fc.constantFrom(...characters);
/** A name of up to `longest` characters. */
const nameOf = (longest: number): fc.Arbitrary<string> =>
  fc
    .tuple(oneOf(LETTERS), fc.string({ unit: oneOf(FURTHER), maxLength: longest - 1 }))
    .map((parts) => parts.join(''));
/** Mostly what is nearly a name. */
const texts = fc.oneof(
  nameOf(140),
  fc.string({ unit: oneOf(`${FURTHER}. \n/ä`), maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const versions = fc.bigInt({ min: 1n, max: 10n ** 30n }).map(String);

/** fc-api.md §5, character by character. */
function isNameAsSpecified(text: string, longest: number): boolean {
  const [first = '', ...rest] = text;
  return (
    first !== '' &&
    LETTERS.includes(first) &&
    rest.every((one) => FURTHER.includes(one)) &&
    text.length <= longest
  );
}

describe('names and qualifiers', () => {
  test('are those of the specification, no more and no fewer', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const isName = isNameAsSpecified(text, 128);
        for (const is of [isServiceName, isFunctionName, isTriggerName]) expect(is(text)).toBe(isName);
        expect(isAliasName(text)).toBe(isName && text !== 'LATEST');
        expect(isLayerName(text)).toBe(isNameAsSpecified(text, 64));
        expect(isQualifier(text)).toBe(isName || isVersionId(text));
      }),
      { numRuns: 1_000 },
    );
  });

  test('a version is a number from 1 as it is written, and never an alias', () => {
    fc.assert(
      fc.property(versions, texts, (version, text) => {
        expect([isVersionId(version), isQualifier(version), isAliasName(version)]).toEqual([
          true,
          true,
          false,
        ]);
        for (const other of [
          `0${version}`,
          `-${version}`,
          `+${version}`,
          `${version}.0`,
          ` ${version}`,
          `${version}\n`,
        ])
          expect([other, isVersionId(other)]).toEqual([other, false]);
        expect(isVersionId(text)).toBe(
          text !== '' && [...text].every((one) => '0123456789'.includes(one)) && !text.startsWith('0'),
        );
      }),
    );
  });

  test('a service and its qualifier come apart as they were put together', () => {
    fc.assert(
      fc.property(nameOf(128), fc.oneof(nameOf(128), versions), (service, qualifier) => {
        expect(splitQualifier(`${service}.${qualifier}`)).toEqual({ service, qualifier });
        expect(splitQualifier(service)).toEqual({ service, qualifier: 'LATEST' });
      }),
    );
  });
});

describe('paths', () => {
  const route = createRouter([
    {
      name: 'Known',
      method: 'GET',
      path: '/services/{service}/functions/{function}/triggers/{trigger}',
      run: () => ({ kind: 'nothing' }),
    },
  ]);
  const segments = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 });

  test('give back every parameter as it was before it was encoded', () => {
    fc.assert(
      fc.property(segments, segments, segments, (service, name, trigger) => {
        const parts = ['services', service, 'functions', name, 'triggers', trigger];
        const { params } = route('GET', `/${parts.map(encodeURIComponent).join('/')}`);
        expect(Object.fromEntries(params)).toEqual({ service, function: name, trigger });
      }),
    );
  });

  test('whatever they are, are found or refused as what the caller may mend', () => {
    fc.assert(
      fc.property(fc.string({ unit: oneOf('/%2Fae0.{}?#\0ä'), maxLength: 30 }), (path) => {
        for (const read of [() => route('GET', path), () => proxyRoute(`/2016-08-15/proxy/${path}`)])
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(ApiError);
            expect(error).toMatchObject({ status: 400 });
          }
      }),
      { numRuns: 1_000 },
    );
  });

  test('of HTTP functions name service, qualifier and function, and what is left is the function’s', () => {
    const rest = fc.stringMatching(/^(\/[a-z%?=&.]{0,4}){0,3}$/);
    const query = fc.option(fc.stringMatching(/^[a-z=&/?]{0,8}$/), { nil: undefined });
    fc.assert(
      fc.property(
        nameOf(20),
        fc.option(nameOf(20)),
        nameOf(20),
        rest,
        query,
        (service, given, name, tail, asked) => {
          const path = tail.replaceAll('?', '');
          const base = `/2016-08-15/proxy/${service}${given === null ? '' : `.${given}`}/${name}`;
          expect(proxyRoute(`${base}${path}${asked === undefined ? '' : `?${asked}`}`)).toEqual({
            service,
            qualifier: given ?? 'LATEST',
            function: name,
            path: path || '/',
            base,
            query: asked ?? '',
            signedPath: `${base}${path}`,
            isTriggerUrl: true,
          });
        },
      ),
    );
  });

  test('of domains take the exact route, else the longest wildcard that lets the method through', () => {
    const parts = fc
      .array(oneOf('ab'), { maxLength: 3 })
      .map((names) => names.map((name) => `/${name}`).join(''));
    const routes = fc
      .uniqueArray(fc.tuple(parts, fc.boolean(), fc.subarray(['GET', 'PUT'])), {
        maxLength: 8,
        selector: ([path, isWildcard]) => `${path} ${isWildcard}`,
      })
      .map((all) =>
        all.map(([path, isWildcard, methods]): DomainRoute => ({
          path: isWildcard ? `${path}/*` : path || '/',
          serviceName: 's',
          functionName: 'f',
          qualifier: 'LATEST',
          methods,
        })),
      );
    fc.assert(
      fc.property(routes, parts, fc.constantFrom('GET', 'PUT', 'POST'), (all, asked, method) => {
        const path = asked || '/';
        const fitting = all.filter(
          ({ path: own, methods }) =>
            (methods.length === 0 || methods.includes(method)) &&
            (own === path || (own.endsWith('*') && path.startsWith(own.slice(0, -1)))),
        );
        const exact = fitting.filter(({ path: own }) => own === path);
        const best = exact.length > 0 ? exact : fitting.toSorted((a, b) => b.path.length - a.path.length);
        expect(createDomainRouter(all)(method, path)?.path).toBe(best[0]?.path);
      }),
      { numRuns: 500 },
    );
  });
});
