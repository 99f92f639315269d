import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { NameResolution } from '../../invoke/contract.ts';
import { hostResolvers, resolverFile } from './resolvers.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-resolvers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test("the host's servers, at most three, without those of IPv6, which functions do not have", () => {
  const path = file(
    'plain',
    '# nameserver 9.9.9.9\nsearch lan\nnameserver 10.0.0.53\nnameserver fd00::1\nnameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n',
  );
  expect(hostResolvers([path])).toEqual(['10.0.0.53', '192.0.2.1', '192.0.2.2']);
  expect(resolverFile(['10.0.0.53'])).toBe('nameserver 10.0.0.53\n');
});

test('a function may name servers, search domains and options of its own, each for itself', () => {
  const own = (given: Partial<NameResolution>) =>
    resolverFile(['10.0.0.53'], { nameServers: [], searches: [], options: [], ...given });
  expect(own({ nameServers: ['192.0.2.1', '192.0.2.2'] })).toBe(
    'nameserver 192.0.2.1\nnameserver 192.0.2.2\n',
  );
  expect(own({ searches: ['a.example', 'b.example'], options: ['ndots:2', 'rotate'] })).toBe(
    'nameserver 10.0.0.53\nsearch a.example b.example\noptions ndots:2 rotate\n',
  );
});

test("a server on the host's loopback cannot be reached: the next file is asked, then there is none", () => {
  const stub = file('stub', 'nameserver 127.0.0.53\n');
  const upstream = file('upstream', 'nameserver 192.0.2.7\n');
  expect(hostResolvers([join(folder, 'missing'), stub, upstream])).toEqual(['192.0.2.7']);
  expect(hostResolvers([stub])).toEqual([]);
});
