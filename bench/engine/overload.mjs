/**
 * More than there is room for: ten times as many calls as a bounded function can serve, and callers and functions that take their
 * time beside one that does not.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { drive, quantile } from '../load.mjs';
import { signedRequest, signedRequests } from '../requests.mjs';
import { createFunction, NODE, SERVICE } from '../functions.mjs';
import { row } from './warm.mjs';

const SLOTS = 8;
const CALL_MS = 50;
const TIMES = 10;
const SECONDS = 10;
const SLOW = 50;
const BETWEEN_MS = 150;
/** Within the limit of an answer; fifty of them are more than the kernel's buffers hold. */
const UNREAD_BYTES = 5 * 1024 * 1024;

export async function measureOverload(stack, fc, { event }) {
  return [...(await overload(stack, fc)), ...(await besideSlow(stack, fc, event))];
}

/** A function of 50 ms in eight instances at most: 160 calls a second, and 1,600 are asked for. */
async function overload(stack, fc) {
  const name = 'bounded';
  await createFunction(
    fc,
    name,
    { ...NODE, instanceConcurrency: 1 },
    {
      'index.js': `exports.handler = async (event) => { await new Promise((resolve) => setTimeout(resolve, ${CALL_MS})); return event; };\n`,
    },
  );
  await fc.putOnDemandConfig(SERVICE, name, 'LATEST', { maximumInstanceCount: SLOTS });
  const requests = signedRequests(stack.credentials, pathOf(name), 1_500);
  const run = (connections, seconds) => {
    const answers = { served: [], refused: [] };
    return drive({
      port: stack.enginePort,
      connections,
      requests,
      total: Math.round((connections * seconds * 1_000) / CALL_MS),
      paceMs: CALL_MS,
      onAnswer: (status, ms) => answers[status === 200 ? 'served' : 'refused'].push(ms),
    }).then(({ statuses, seconds: tookSeconds }) => {
      const other = [...statuses.keys()].filter((status) => status !== 200 && status !== 429);
      if (other.length > 0) throw new Error(`an overloaded function answered ${other.join(', ')}`);
      return { ...answers, perSecond: answers.served.length / tookSeconds };
    });
  };
  await run(SLOTS, 3);
  const alone = await run(SLOTS / 2, 5);
  const before = memoryOf(stack);
  // The first second is the burst that fills the queue.
  await run(SLOTS * TIMES, 3);
  const memory = [];
  const watch = setInterval(() => memory.push(memoryOf(stack)), 500);
  const over = await run(SLOTS * TIMES, SECONDS);
  clearInterval(watch);
  const at = (values, q) =>
    quantile(
      values.toSorted((a, b) => a - b),
      q,
    );
  const [p50, p99] = [0.5, 0.99].map((q) => at(over.served, q) / at(alone.served, q));
  return [
    row(
      `${TIMES} × more calls than there is room for: latency of those served ÷ alone`,
      `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}`,
      '≤ 2.5: one turn of waiting',
    ),
    row('— served each second, of 160', over.perSecond.toFixed(0), '≥ 140'),
    row(
      '— time to a refusal (429), p99',
      `${at(over.refused, 0.99).toFixed(0)} ms (${over.refused.length} refused)`,
      '≤ 50 ms',
    ),
    row(
      '— memory of the engine meanwhile, most − before',
      `${(Math.max(...memory) - before).toFixed(0)} MB`,
      'flat',
    ),
  ];
}

/** A hot function alone, beside callers that read nothing of large answers, and beside functions that sleep. */
async function besideSlow(stack, fc, event) {
  const requests = signedRequests(stack.credentials, event, 1_500);
  const p99 = async () => {
    const { latencies } = await drive({ port: stack.enginePort, connections: 4, requests, total: 4_000 });
    return quantile(latencies, 0.99);
  };
  await createFunction(
    fc,
    'large',
    { ...NODE, instanceConcurrency: 1, memorySize: 256 },
    { 'index.js': `exports.handler = async () => Buffer.alloc(${UNREAD_BYTES}, 'x');\n` },
  );
  await createFunction(
    fc,
    'sleeper',
    { ...NODE, instanceConcurrency: SLOW },
    {
      'index.js':
        'exports.handler = async (event) => { await new Promise((resolve) => setTimeout(resolve, event.length > 2 ? 20_000 : 0)); };\n',
    },
  );
  const ask = (name) => signedRequest(stack.credentials, pathOf(name), Buffer.from('{"long": true}'));
  await p99();
  const alone = await p99();
  // One instance serves them all: fifty that start would be measured instead.
  await fc.invokeFunction(SERVICE, 'large', '{}', {}, 'LATEST', { rawBuf: true });
  const deaf = [];
  for (let index = 0; index < SLOW; index += 1) {
    const socket = connect(stack.enginePort, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    socket.pause();
    socket.write(ask('large'));
    deaf.push(socket);
    await pause(BETWEEN_MS);
  }
  await pause(3_000);
  const besideDeaf = await p99();
  for (const socket of deaf) socket.destroy();
  await pause(2_000);
  await fc.invokeFunction(SERVICE, 'sleeper', '{}');
  const sleeping = drive({
    port: stack.enginePort,
    connections: SLOW,
    requests: [ask('sleeper')],
    total: SLOW,
  });
  await pause(1_000);
  const besideSleepers = await p99();
  await sleeping;
  const ratio = (value) => `${(value / alone).toFixed(1)} (${value.toFixed(1)} ÷ ${alone.toFixed(1)} ms)`;
  return [
    row(`p99 of a hot function beside ${SLOW} callers that read nothing ÷ alone`, ratio(besideDeaf), '≤ 1.5'),
    row(`p99 of a hot function beside ${SLOW} calls that sleep ÷ alone`, ratio(besideSleepers), '≤ 1.5'),
  ];
}

const pathOf = (name) => `/2016-08-15/services/${SERVICE}/functions/${name}/invocations`;

/** Of the engine's own process, without its instances; megabytes. */
function memoryOf(stack) {
  const status = readFileSync(`/proc/${stack.parts().engine}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]) / 1_024;
}
