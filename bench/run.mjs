/**
 * `npm run bench`: figures of a whole Sluice on this machine, ratios within one run, printed and written to
 * docs/benchmarks.md.
 */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import FC from '@alicloud/fc2';
import { ZipArchive } from 'archiver';
import { writeSection } from '../bootstrap/section.mjs';
import { measureColdStart } from './cold-start.mjs';
import { measureInvocation } from './invocation.mjs';
import { measureMemory } from './memory.mjs';
import { measurePush } from './push.mjs';
import { apiOf, startStack } from './stack.mjs';
import { measureVerdict } from './verdict.mjs';
import { measureWebhook } from './webhook.mjs';

const FUNCTION = {
  runtime: 'nodejs20',
  handler: 'index.handler',
  memorySize: 128,
  timeout: 10,
  instanceConcurrency: 16,
};

/** Reads the body and sends it back, as the bare server does. */
const HTTP_ECHO = `exports.handler = (req, resp) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    resp.setHeader('content-type', 'application/octet-stream');
    resp.send(Buffer.concat(chunks));
  });
};
`;

const stack = await startStack();
try {
  const fc = new FC(stack.credentials.accountId, {
    accessKeyID: stack.credentials.accessKeyId,
    accessKeySecret: stack.credentials.accessKeySecret,
    region: 'cn-local',
    endpoint: `http://127.0.0.1:${stack.enginePort}`,
  });
  const api = apiOf(stack);
  const zip = await zipOf('exports.handler = async (event) => event;\n');
  await pause(3_000);
  const rows = [
    {
      figure: '`sluice up`, new home: until ready',
      value: `${(stack.readyMs / 1_000).toFixed(1)} s`,
      aim: '',
    },
    ...measureMemory(stack),
  ];
  await fc.createService('bench', { description: '' });
  await fc.createFunction('bench', { ...FUNCTION, functionName: 'echo', code: { zipFile: zip } });
  await fc.publishVersion('bench', '');
  await fc.createAlias('bench', 'PROD', '1', {});
  const web = { ...FUNCTION, functionName: 'web', code: { zipFile: await zipOf(HTTP_ECHO) } };
  await fc.createFunction('bench', web);
  await fc.createTrigger('bench', 'web', {
    triggerName: 'web',
    triggerType: 'http',
    triggerConfig: { authType: 'anonymous', methods: ['POST'] },
  });
  rows.push(...(await measureInvocation(stack, { service: 'bench', name: 'echo', web: 'web' })));
  rows.push(...(await measureColdStart(fc, zip, FUNCTION)));
  rows.push(...(await measurePush(stack, api)));
  rows.push(...(await measureVerdict(stack, api, fc)));
  const repository = join(stack.home, 'demo', 'empty.git');
  execFileSync('git', ['init', '--quiet', '--bare', repository]);
  rows.push(...(await measureWebhook(stack, api, repository)));
  report(rows);
} finally {
  await stack.stop();
}

async function zipOf(code) {
  const archive = new ZipArchive();
  archive.append(code, { name: 'index.js' });
  await archive.finalize();
  const chunks = [];
  for await (const chunk of archive) chunks.push(chunk);
  return Buffer.concat(chunks).toString('base64');
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
