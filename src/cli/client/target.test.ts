import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensureCredentials } from '../../platform/credentials.ts';
import { resolveTarget } from './target.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-target-'));
  vi.stubEnv('SLUICE_HOME', home);
  for (const name of ['SLUICE_URL', 'SLUICE_PORT', 'SLUICE_TOKEN', 'SLUICE_ADMIN_TOKEN'])
    vi.stubEnv(name, '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

describe('resolveTarget', () => {
  test('is the administrator of this machine where nothing else is said', () => {
    const { adminToken } = ensureCredentials(home);
    expect(resolveTarget()).toEqual({ url: 'http://127.0.0.1:7400', token: adminToken });
  });

  test('takes SLUICE_URL and SLUICE_TOKEN', () => {
    vi.stubEnv('SLUICE_URL', 'https://sluice.example.com/');
    vi.stubEnv('SLUICE_TOKEN', 'slu_given');
    expect(resolveTarget()).toEqual({ url: 'https://sluice.example.com', token: 'slu_given' });
  });

  test("never sends this machine's token elsewhere — a mistyped address must not leak it", () => {
    ensureCredentials(home);
    vi.stubEnv('SLUICE_URL', 'https://sluice.example.com');
    expect(() => resolveTarget()).toThrow('set SLUICE_TOKEN');
  });

  test('says where it looked when there is no token', () => {
    expect(() => resolveTarget()).toThrow(join(home, 'credentials.json'));
  });
});
