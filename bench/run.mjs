/**
 * `npm run bench`: figures of a whole Sluice on this machine, ratios within one run, printed and written to
 * docs/benchmarks.md.
 */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { writeSection } from '../bootstrap/section.mjs';
import { measureColdStart } from './cold-start.mjs';
import { measureControlPlane } from './control-plane.mjs';
import { createFunction, ECHO, NODE, SERVICE } from './functions.mjs';
import { measureInvocation } from './invocation.mjs';
import { measureMemory } from './memory.mjs';
import { measurePush } from './push.mjs';
import { apiOf, sdkOf, startStack } from './stack.mjs';
import { measureVerdict } from './verdict.mjs';
import { measureWebhook } from './webhook.mjs';

const stack = await startStack();
try {
  const fc = sdkOf(stack);
  const api = apiOf(stack);
  await pause(3_000);
  const rows = [
    {
      figure: '`sluice up`, new home: until ready',
      value: `${(stack.readyMs / 1_000).toFixed(1)} s`,
      aim: '',
    },
    ...measureMemory(stack),
  ];
  await fc.createService(SERVICE, { description: '' });
  await createFunction(fc, 'echo', NODE, ECHO);
  await fc.publishVersion(SERVICE, '');
  await fc.createAlias(SERVICE, 'PROD', '1', {});
  rows.push(...(await measureInvocation(stack, 'echo')));
  rows.push(...(await measureColdStart(fc)));
  rows.push(...(await measurePush(stack, api)));
  rows.push(...(await measureVerdict(stack, api, fc)));
  const repository = join(stack.home, 'demo', 'empty.git');
  execFileSync('git', ['init', '--quiet', '--bare', repository]);
  rows.push(...(await measureWebhook(stack, api, repository)));
  // Last, because what it makes stays.
  rows.push(...(await measureControlPlane(stack)));
  report(rows);
} finally {
  await stack.stop();
}

function report(rows) {
  const width = Math.max(...rows.map(({ figure }) => figure.length));
  for (const { figure, value, aim } of rows)
    console.log(`${figure.padEnd(width)}  ${value.padEnd(24)}  ${aim}`);
  const cpu = cpus();
  const head = [
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${cpu.length} × ${cpu[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}. Load generator,`,
    'engine and functions share these cores; compare ratios, not absolute figures.',
    '',
    '| figure | measured | aim |',
    '|---|---|---|',
  ];
  const table = rows.map(({ figure, value, aim }) => `| ${figure} | ${value} | ${aim} |`);
  writeSection(join(import.meta.dirname, '../docs/benchmarks.md'), 'whole', [...head, ...table].join('\n'));
}
