/**
 * The engine's control plane: how long making, reading and listing functions takes, and what 10,000 functions cost a page
 * of a list, the engine's start and its memory. One caller, one request at a time, as a deployment asks.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ECHO, NODE, zipOf } from './functions.mjs';
import { drive, onlyOk, quantile } from './load.mjs';
import { memoryOf, processorOf, startedMs } from './memory.mjs';
import { apiRequest } from './requests.mjs';

const SERVICE = 'control';
const PACKAGE_BYTES = 1_000_000;
const CREATES = 60;
const READS = 1_000;
const SERVICES = 1_000;
const FUNCTIONS_EACH = 10;
/** Largest page that the API gives. */
const PAGE = 100;
const RESTART_LIMIT_MS = 60_000;
/** What was allocated for the start and for requests is given back meanwhile. */
const SETTLE_MS = 5_000;

/** @returns rows for the table */
export async function measureControlPlane(stack) {
  const { credentials } = stack;
  await send(stack, [apiRequest(credentials, '/services', { serviceName: SERVICE })]);
  const creates = [];
  for (let index = 0; index < CREATES; index += 1)
    creates.push(
      await creation(stack, SERVICE, `made-${index}`, { ...ECHO, data: randomBytes(PACKAGE_BYTES) }),
    );
  const busyBefore = processorOf(stack)['engine'];
  const created = await send(stack, creates);
  const busyMs = ((processorOf(stack)['engine'] - busyBefore) * 1_000) / CREATES;
  const paths = {
    'get function, p50': `/services/${SERVICE}/functions/made-1`,
    'get service, p50': `/services/${SERVICE}`,
    'list functions, 60 of them, p50': `/services/${SERVICE}/functions?limit=${PAGE}`,
  };
  const rows = [
    {
      figure: 'create function with a package of 1 MB, p50',
      value: `${p50(created).toFixed(0)} ms, ${busyMs.toFixed(0)} ms of the engine’s processor each`,
      aim: '≤ 30 ms',
    },
  ];
  for (const [figure, path] of Object.entries(paths))
    rows.push(row(figure, p50(await send(stack, repeated(credentials, path, READS))), '≤ 3 ms'));
  return [...rows, ...(await measureManyFunctions(stack))];
}

async function measureManyFunctions(stack) {
  const { credentials } = stack;
  await restartEngine(stack);
  const before = await settledMemory(stack);
  const names = Array.from({ length: SERVICES }, (_, index) => `many-${String(index).padStart(4, '0')}`);
  const services = names.map((serviceName) => apiRequest(credentials, '/services', { serviceName }));
  await send(stack, services, 16);
  for (let index = 0; index < FUNCTIONS_EACH; index += 1) {
    const functions = [];
    for (const service of names) functions.push(await creation(stack, service, `f-${index}`, ECHO));
    await send(stack, functions, 16);
  }
  const page = (path) => repeated(credentials, `${path}?limit=${PAGE}&prefix=`, READS);
  const lists = [
    await send(stack, page('/services')),
    await send(stack, page(`/services/${names[SERVICES / 2]}/functions`)),
  ];
  const filled = await settledMemory(stack);
  const { startMs, processorMs } = await restartEngine(stack);
  const restarted = await settledMemory(stack);
  const many = `${SERVICES * FUNCTIONS_EACH} functions in ${SERVICES} services`;
  return [
    row(`${many}: a page of ${PAGE} services, p50`, p50(lists[0]), '≤ 10 ms'),
    row(`${many}: a page of functions, p50`, p50(lists[1]), '≤ 10 ms'),
    {
      figure: `${many}: start of the engine, until it answers`,
      value: `${startMs.toFixed(0)} ms, ${processorMs.toFixed(0)} ms of its processor`,
      aim: '≤ 2000 ms',
    },
    {
      figure: `${many}: memory of the engine (PSS) beyond an empty one’s, after they were made; after a restart`,
      value: `${Math.round(filled - before)} MB; ${Math.round(restarted - before)} MB`,
      aim: '≤ 60 MB',
    },
  ];
}

async function creation(stack, service, functionName, files) {
  return apiRequest(stack.credentials, `/services/${service}/functions`, {
    ...NODE,
    functionName,
    code: { zipFile: await zipOf(files) },
  });
}

const repeated = (credentials, path, count) =>
  Array.from({ length: count }, () => apiRequest(credentials, path));

/** Sends each request once; fails where one is refused. */
async function send(stack, requests, connections = 1) {
  return onlyOk(
    'the engine',
    await drive({ port: stack.enginePort, connections, requests, total: requests.length }),
  );
}

const p50 = ({ latencies }) => quantile(latencies, 0.5);

function row(figure, ms, aim) {
  return { figure, value: `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`, aim };
}

async function settledMemory(stack) {
  await pause(SETTLE_MS);
  return memoryOf(stack).parts['engine'];
}

/** Ends the engine, which its supervisor starts again; milliseconds from the new process to its first answer, and of processor time. */
async function restartEngine(stack) {
  const old = stack.parts()['engine'];
  process.kill(old, 'SIGTERM');
  const deadline = performance.now() + RESTART_LIMIT_MS;
  for (;;) {
    if (performance.now() > deadline) throw new Error('the engine does not come back');
    await pause(2);
    const { engine } = stack.parts();
    if (engine === undefined || engine === old || !(await answers(stack))) continue;
    return {
      startMs: Math.max(0, uptimeMs() - startedMs(engine)),
      processorMs: processorOf(stack)['engine'] * 1_000,
    };
  }
}

async function answers({ enginePort }) {
  try {
    return (await fetch(`http://127.0.0.1:${enginePort}/healthz`)).ok;
  } catch {
    return false;
  }
}

/** The clock of `startedMs`. */
const uptimeMs = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
