/** What a build can reach, tried from inside a real sandbox with the real packet filter. Needs root, as the guard does. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guardBuildNetwork } from '../../src/activities/build/network-guard.ts';
import { BUILD_UID, runBuildCommand } from '../../src/activities/build/run-in-sandbox.ts';

const isRoot = process.getuid?.() === 0;
const server = createServer((socket) => socket.end('here I am\n'));
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-guard-'));
  chmodSync(folder, 0o755);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test.runIf(isRoot)(
  'a build cannot reach a service on this machine — Temporal asks nobody for a password there',
  async () => {
    expect(await guardBuildNetwork(BUILD_UID)).toEqual({ active: true });
    const { port } = server.address() as AddressInfo;
    const lines: string[] = [];
    const script = `require('net').connect(${port}, '127.0.0.1').on('data', (d) => console.log('REACHED ' + d)).on('error', (e) => console.log('refused ' + e.code))`;
    const exit = await runBuildCommand(
      { available: true, mode: 'on' },
      {
        folder,
        cache: join(folder, 'cache'),
        run: `node -e "${script}"`,
        log: { write: (_stream: string, line: string) => void lines.push(line) } as never,
        signal: new AbortController().signal,
      },
    );
    expect({ exit, said: lines.join('\n') }).toEqual({ exit: 0, said: 'refused ECONNREFUSED' });
  },
);
