/** A Sluice of its own for the measurements: temporary home, free ports, no sample. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import FC from '@alicloud/fc2';

const ROOT = join(import.meta.dirname, '..');

export async function startStack() {
  const home = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const [port, enginePort, logPort, ossPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const env = {
    ...process.env,
    SLUICE_HOME: home,
    SLUICE_PORT: port,
    SLUICE_ENGINE_PORT: enginePort,
    SLUICE_LOG_PORT: logPort,
    SLUICE_OSS_PORT: ossPort,
    SLUICE_DEMO: '0',
  };
  const began = performance.now();
  const process_ = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'up'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    process_.on('exit', (code) => reject(new Error(`sluice up ended with ${code}`)));
    process_.stdout.on('data', (chunk) => String(chunk).includes('sluice ready') && resolve(undefined));
  });
  const credentials = JSON.parse(readFileSync(join(home, 'credentials.json'), 'utf8'));
  return {
    home,
    port,
    enginePort,
    credentials,
    readyMs: performance.now() - began,
    supervisorPid: process_.pid,
    /** name → pid of each part that runs */
    parts: () =>
      Object.fromEntries(
        readdirSync(join(home, 'run'))
          .filter((name) => name.endsWith('.pid'))
          .flatMap((name) => {
            const pid = pidIn(join(home, 'run', name));
            return pid === undefined ? [] : [[name.slice(0, -4), pid]];
          }),
      ),
    stop: async () => {
      process_.kill('SIGTERM');
      await new Promise((resolve) => process_.once('exit', resolve));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** `undefined` where the part ended since the folder was listed. */
function pidIn(path) {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The public SDK, pointed at the stack's engine. */
export function sdkOf({ credentials, enginePort }) {
  return new FC(credentials.accountId, {
    accessKeyID: credentials.accessKeyId,
    accessKeySecret: credentials.accessKeySecret,
    region: 'cn-local',
    endpoint: `http://127.0.0.1:${enginePort}`,
    timeout: 120_000,
  });
}

/** The API with the administrator's token; fails on every answer that is not 2xx. */
export function apiOf({ port, credentials }) {
  return async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${credentials.adminToken}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  };
}

/** A TCP port of loopback that nobody listens on now. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
