import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkRepository, sayRepository, secretsOf } from './repository-url.ts';

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-url-')));
  mkdirSync(join(folder, 'allowed', 'shop.git'), { recursive: true });
  mkdirSync(join(folder, 'secret.git'));
  symlinkSync(join(folder, 'secret.git'), join(folder, 'allowed', 'link.git'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('checkRepository', () => {
  test('lets https, ssh, git and scp-like addresses through', () => {
    for (const address of [
      'https://git.example/shop.git',
      'ssh://git@git.example/shop.git',
      'git://git.example/shop.git',
      'git@git.example:team/shop.git',
    ])
      expect(checkRepository(address, [])).toEqual({ ok: true, address });
  });

  test('refuses what could run a command, read a file or go unencrypted', () => {
    for (const address of [
      'ext::sh -c id',
      'file:///etc',
      'http://git.example/shop.git',
      '--upload-pack=id',
      'git@-oProxyCommand=id:x',
      'ssh://-oProxyCommand=id/x',
      'git@git.example:-x',
      '../shop.git',
    ])
      expect(checkRepository(address, [])).toMatchObject({ ok: false });
  });

  test('lets a path through only below a named folder — also not by a link that leads out of it', () => {
    const allowed = [join(folder, 'allowed')];
    expect(checkRepository(join(folder, 'allowed', 'shop.git'), allowed)).toMatchObject({ ok: true });
    expect(checkRepository(join(folder, 'secret.git'), allowed)).toMatchObject({ ok: false });
    expect(checkRepository(join(folder, 'allowed', '..', 'secret.git'), allowed)).toMatchObject({
      ok: false,
    });
    expect(checkRepository(join(folder, 'allowed', 'link.git'), allowed)).toMatchObject({ ok: false });
    expect(checkRepository(join(folder, 'allowed', 'none.git'), allowed)).toMatchObject({ ok: false });
  });
});

test('a password in an address is never shown', () => {
  const address = 'https://bot:s3cret@git.example/shop.git';
  expect(sayRepository(address)).toBe('https://git.example/shop.git');
  expect(secretsOf(address)).toContain('s3cret');
});
