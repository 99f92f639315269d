/** A function's first answer (new instance) against what the sandbox and Node alone cost. */
import { bareSandbox } from './bare-sandbox.mjs';
import { ECHO, firstAnswer, NODE } from './functions.mjs';
import { median } from './load.mjs';

const TRIES = 15;

export async function measureColdStart(fc) {
  const runBare = await bareSandbox();
  const bare = [];
  const cold = [];
  for (let index = 0; index < TRIES; index += 1) {
    bare.push(runBare());
    cold.push(await firstAnswer(fc, `cold-${index}`, NODE, ECHO));
  }
  return [
    {
      figure: 'sandbox + `node -e 0`, start to end',
      value: `${median(bare).toFixed(0)} ms`,
      aim: 'the limit',
    },
    {
      figure: 'cold start, request to answer',
      value: `${median(cold).toFixed(0)} ms (${(median(cold) / median(bare)).toFixed(2)} ×)`,
      aim: '≤ 2 ×',
    },
  ];
}
