/**
 * `npm run bench:engine`: what the engine costs around a function, against a bare echo and against what a user would take instead,
 * in turn within one run; written into docs/benchmarks.md.
 */
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { writeSection } from '../../bootstrap/section.mjs';
import { measureCold } from './cold.mjs';
import { measureCores } from './cores.mjs';
import { echoFunctions } from '../functions.mjs';
import { measureIdle } from './idle.mjs';
import { measureMany } from './many.mjs';
import { ABSENT, installPeers, startPeers } from './peers.mjs';
import { measureOverload } from './overload.mjs';
import { sdkOf, startStack } from '../stack.mjs';
import { measureWarm } from './warm.mjs';

const load = loadavg()[0];
const folder = installPeers();
const stack = await startStack();
const peers = await startPeers(folder);
try {
  const fc = sdkOf(stack);
  const echoes = await echoFunctions(fc);
  const { rows, compared } = await measureWarm(stack, peers, echoes);
  rows.push(...(await measureCores(stack, peers[0], echoes)));
  await Promise.all(peers.splice(0).map((peer) => peer.stop()));
  rows.push(...(await measureCold(fc, stack)));
  rows.push(...(await measureIdle(stack, fc)));
  rows.push(...(await measureOverload(stack, fc, echoes)));
  rows.push(...(await measureMany(stack, fc, echoes)));
  const cpu = cpus();
  const text = [
    `Written by \`npm run bench:engine\` on ${new Date().toISOString().slice(0, 10)}: ${cpu.length} × ${cpu[0].model.trim()}, Node ${process.version},`,
    `load of the machine before ${load.toFixed(1)}. Load generator, engine and functions share these cores: compare ratios.`,
    '',
    '| figure | measured | aim |',
    '|---|---|---|',
    ...rows.map(({ figure, value, aim }) => `| ${figure} | ${value} | ${aim} |`),
    '',
    'Echo of 60 bytes over 16 connections, one after another within each of five rounds, medians:',
    '',
    '| what | how it was driven | requests/s | ÷ bare echo | p50 with 1 connection |',
    '|---|---|---|---|---|',
    ...compared.map((row) => `| ${row.name} | ${row.how} | ${row.rate} | ${row.ratio} | ${row.p50} |`),
    ...ABSENT.map(({ name, why }) => `| ${name} | not driven: ${why} | | | |`),
  ].join('\n');
  for (const { figure, value, aim } of rows) console.log(`${figure.padEnd(66)} ${value.padEnd(26)} ${aim}`);
  for (const row of compared)
    console.log(`${row.name.padEnd(44)} ${row.rate.padEnd(12)} ${row.ratio.padEnd(8)} ${row.p50}`);
  writeSection(join(import.meta.dirname, '../../docs/benchmarks.md'), 'engine', text);
} finally {
  await Promise.all(peers.map((peer) => peer.stop()));
  await stack.stop();
}
