/** First answers of new instances, with code of 1 MB; each try calls a function that was just made. */
import { randomBytes } from 'node:crypto';
import { bareSandbox } from '../bare-sandbox.mjs';
import { ECHO, firstAnswer, NODE, PYTHON } from '../functions.mjs';
import { median } from '../load.mjs';
import { row } from './warm.mjs';

const TRIES = 15;
const BALLAST_BYTES = 1024 * 1024;
/** The engine may fill up its stock of waiting runtimes, if it has one. */
const BETWEEN_MS = 300;

const ballast = () => randomBytes(BALLAST_BYTES);

export async function measureCold(fc) {
  const runBare = await bareSandbox();
  const bare = [];
  const node = [];
  const python = [];
  for (let index = 0; index < TRIES; index += 1) {
    bare.push(runBare());
    node.push(await firstAnswer(fc, `node-${index}`, NODE, { ...ECHO, ballast: ballast() }, BETWEEN_MS));
    python.push(
      await firstAnswer(
        fc,
        `python-${index}`,
        PYTHON,
        { 'index.py': 'def handler(event, context):\n    return event\n', ballast: ballast() },
        BETWEEN_MS,
      ),
    );
  }
  const ratio = (median(node) / median(bare)).toFixed(2);
  return [
    row('sandbox with `node -e 0`, start to end', `${median(bare).toFixed(0)} ms`, 'the limit'),
    row(
      'cold start Node, code of 1 MB',
      `${median(node).toFixed(0)} ms (${ratio} × the limit)`,
      '≤ 25 ms with a waiting runtime, else ≤ 1.3 ×',
    ),
    row(
      'cold start python3, code of 1 MB',
      `${median(python).toFixed(0)} ms`,
      '≤ 20 ms with a waiting runtime',
    ),
  ];
}
