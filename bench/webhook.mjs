/** How long a webhook takes to be answered while pushes arrive at a steady rate: one delivery, one release each. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './load.mjs';
import { push, registerProject } from './project.mjs';

const PER_SECOND = 50;
const TOTAL = 500;

/** The pushes name a branch that the environment releases and commits that do not exist: only the answer counts here. */
export async function measureWebhook(stack, api, repository) {
  const project = await registerProject(api, 'burst', repository);
  const calls = [];
  const began = performance.now();
  for (let index = 0; index < TOTAL; index += 1) {
    await pause(Math.max(0, began + (index * 1_000) / PER_SECOND - performance.now()));
    calls.push(push(stack, project, randomBytes(20).toString('hex')));
  }
  const sorted = Float64Array.from(await Promise.all(calls)).sort();
  return [
    {
      figure: `webhook answer at ${PER_SECOND}/s, p50`,
      value: `${quantile(sorted, 0.5).toFixed(1)} ms`,
      aim: '',
    },
    {
      figure: `webhook answer at ${PER_SECOND}/s, p99`,
      value: `${quantile(sorted, 0.99).toFixed(1)} ms`,
      aim: '≤ 50 ms',
    },
  ];
}
