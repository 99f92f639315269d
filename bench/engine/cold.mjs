/**
 * First answers of new instances, with code of 1 MB; each try calls a function that was just made. Where a runtime waits for
 * it, and where it has a start of its own, because of a variable that is read at a start only.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { bareSandbox } from '../bare-sandbox.mjs';
import { ECHO, firstAnswer, NODE, PYTHON } from '../functions.mjs';
import { median } from '../load.mjs';
import { row } from './warm.mjs';

const TRIES = 15;
const BALLAST_BYTES = 1024 * 1024;
const STOCK_LIMIT_MS = 10_000;
/** Looked at only when a process starts, so that no waiting runtime can have it. */
const OWN_START = { environmentVariables: { LC_ALL: 'C.UTF-8' } };
const PYTHON_ECHO = { 'index.py': 'def handler(event, context):\n    return event\n' };

const ballast = () => randomBytes(BALLAST_BYTES);

/** @param {{ enginePort: number }} stack */
export async function measureCold(fc, { enginePort }) {
  const runBare = await bareSandbox();
  const first = (name, settings, files) =>
    firstAnswer(fc, `${name}-${process.hrtime.bigint()}`, settings, { ...files, ballast: ballast() });
  // From here on runtimes of both kinds wait.
  await first('node', NODE, ECHO);
  await first('python', PYTHON, PYTHON_ECHO);
  const bare = [];
  const node = { waiting: [], own: [] };
  const python = { waiting: [], own: [] };
  for (let index = 0; index < TRIES; index += 1) {
    await filled(enginePort);
    bare.push(runBare());
    node.own.push(await first('node', { ...NODE, ...OWN_START }, ECHO));
    python.own.push(await first('python', { ...PYTHON, ...OWN_START }, PYTHON_ECHO));
    node.waiting.push(await first('node', NODE, ECHO));
    python.waiting.push(await first('python', PYTHON, PYTHON_ECHO));
  }
  const limit = median(bare);
  const ms = (values) => `${median(values).toFixed(0)} ms`;
  const ratio = (values) => `${ms(values)} (${(median(values) / limit).toFixed(2)} × the limit)`;
  return [
    row('sandbox with `node -e 0`, start to end', ms(bare), 'the limit'),
    row('cold start Node, code of 1 MB, a runtime waits', ratio(node.waiting), '≤ 25 ms'),
    row('cold start Node, code of 1 MB, start of its own', ratio(node.own), '≤ 1.3 × the limit'),
    row('cold start python3, code of 1 MB, a runtime waits', ratio(python.waiting), '≤ 20 ms'),
    row('cold start python3, code of 1 MB, start of its own', ratio(python.own), ''),
  ];
}

/** Until a runtime of each of the two kinds waits. */
async function filled(enginePort) {
  const deadline = performance.now() + STOCK_LIMIT_MS;
  while (performance.now() < deadline) {
    const text = await (await fetch(`http://127.0.0.1:${enginePort}/metrics`)).text();
    if (Number(/^sluice_engine_waiting_runtimes (\d+)$/m.exec(text)?.[1]) >= 2) return;
    await pause(20);
  }
  throw new Error('no runtime waits: functions out of the stock cannot be measured');
}
