import { expect, test } from 'vitest';
import { ApiError } from '../http/api-error.ts';
import { CodeLinks } from './code-links.ts';

const PACKAGE = 'ab12';
let nowMs = Date.parse('2026-01-01T00:00:00.900Z');
const links = new CodeLinks(() => nowMs);

/** What is said to whoever comes with the link, changed or not. */
function verdict(link: string, changes: Readonly<Record<string, string>> = {}, by = links): string {
  const url = new URL(link);
  const of = {
    sha256: url.pathname.split('/').at(-1) ?? '',
    ...Object.fromEntries(url.searchParams),
    ...changes,
  };
  const { sha256, expires = '', signature = '' } = of as Record<string, string>;
  try {
    by.check(sha256 ?? '', expires, signature);
  } catch (error) {
    if (error instanceof ApiError) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'accepted';
}

test('a link to code ends after ten minutes', () => {
  const link = links.urlOf(PACKAGE, 'http://h');
  expect(link).toMatch(/^http:\/\/h\/2016-08-15\/_sluice\/code\/ab12\?expires=\d+&signature=[\w-]{43}$/);
  expect(verdict(link)).toBe('accepted');
  nowMs += 599_100;
  expect(verdict(link)).toBe('accepted');
  nowMs += 1;
  expect(verdict(link)).toBe('403 AccessDenied');
});

test('a link opens the one package until the one time that it was made for, at the engine that made it', () => {
  const link = links.urlOf(PACKAGE, 'http://h');
  const { searchParams } = new URL(link);
  const later = String(Number(searchParams.get('expires')) + 600);
  const signature = searchParams.get('signature') ?? '';
  for (const changes of [
    { sha256: 'ab13' },
    { expires: later },
    { signature: `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}` },
    { signature: signature.slice(1) },
    { signature: '' },
  ])
    expect([changes, verdict(link, changes)]).toEqual([changes, '403 SignatureNotMatch']);
  expect(verdict(link, {}, new CodeLinks(() => nowMs))).toBe('403 SignatureNotMatch');
});
