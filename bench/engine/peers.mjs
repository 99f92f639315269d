/**
 * What a user would run a function with instead, each started as its own documentation says and driven over HTTP. They are no
 * dependency of Sluice: their packages are fetched into the cache when the benchmark first runs.
 */
import { execFileSync, fork, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../stack.mjs';

const SOURCES = join(import.meta.dirname, 'peers');
const READY_MS = 90_000;
const PACKAGES = {
  fastify: '5.12.8',
  '@google-cloud/functions-framework': '5.0.5',
  // The newest that runs on Node.js 20.
  miniflare: '4.20260426.0',
  serverless: '3.40.0',
  'serverless-offline': '13.9.0',
};

/** Peers that cannot be driven here, and why; they stand in the report. */
export const ABSENT = [
  {
    name: '`@alicloud/fun` local',
    why: 'runs functions in Docker containers only, and there is no Docker here',
  },
];

/** Fetches the peers' packages once; returns the folder that has them. */
export function installPeers() {
  const cache = process.env.SLUICE_CACHE ?? join(homedir(), '.cache/sluice');
  const folder = join(cache, 'bench-peers');
  mkdirSync(folder, { recursive: true });
  const wanted = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
  const mark = join(folder, `${wanted.join(',').replaceAll(/[^a-z0-9.@,-]/g, '_')}.done`);
  cpSync(SOURCES, folder, { recursive: true });
  if (existsSync(mark)) return folder;
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  console.log(`fetching ${wanted.join(', ')}`);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...wanted], {
    cwd: folder,
    stdio: 'ignore',
  });
  writeFileSync(mark, '');
  return folder;
}

/**
 * @returns {Promise<{name: string, how: string, port: number, pid?: number, path: string, stop: () => Promise<void>}[]>} started, one process (tree) each
 */
export async function startPeers(folder) {
  const ports = await Promise.all(Array.from({ length: 6 }, () => freePort()));
  const bin = (path) => join(folder, 'node_modules', path);
  return [
    await startFork(
      'bare `node:http` echo',
      'one process, the limit',
      join(SOURCES, '../../echo-server.mjs'),
    ),
    await startFork(
      '`node:http` → unix socket proxy',
      'echo behind a plain proxy, keep-alive',
      join(SOURCES, 'proxy.mjs'),
    ),
    await startFork('Fastify', 'a bare framework, raw body parser', join(folder, 'fastify.mjs')),
    await startFork('miniflare (workerd)', 'one worker, `new Response(body)`', join(folder, 'miniflare.mjs')),
    await startCommand(
      'functions-framework',
      'HTTP function, raw body',
      ports[0],
      '/',
      [
        bin('@google-cloud/functions-framework/build/src/main.js'),
        `--source=${join(folder, 'framework.cjs')}`,
      ],
      { PORT: String(ports[0]), FUNCTION_TARGET: 'echo' },
      folder,
    ),
    await startCommand(
      'serverless-offline',
      '`httpApi` event, function in a worker thread',
      ports[1],
      '/echo',
      [
        bin('serverless/bin/serverless.js'),
        'offline',
        ...['--httpPort', ports[1], '--lambdaPort', ports[2], '--albPort', ports[3]].map(String),
        '--noPrependStageInUrl',
      ],
      { SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
      join(folder, 'offline'),
    ),
  ];
}

async function startFork(name, how, script) {
  const child = fork(script);
  const { port } = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  const stop = () => ended(child, () => child.disconnect());
  return { name, how, port, pid: child.pid, path: '/', stop };
}

async function startCommand(name, how, port, path, args, env, cwd) {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: 'ignore' });
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: 'ready?' }).catch(
      () => undefined,
    );
    if (answer?.ok) break;
    if (performance.now() > deadline || child.exitCode !== null) throw new Error(`${name} does not answer`);
    await pause(200);
  }
  return { name, how, port, path, stop: () => ended(child, () => child.kill('SIGTERM')) };
}

function ended(child, end) {
  return new Promise((resolve) => {
    child.removeAllListeners('exit');
    const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
    child.once('exit', () => {
      clearTimeout(late);
      resolve(undefined);
    });
    end();
  });
}
