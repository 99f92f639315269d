/** How long a webhook takes to be answered while pushes arrive at a steady rate: one delivery, one release each. */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './load.mjs';

const PER_SECOND = 50;
const TOTAL = 500;

/** The pushes name a branch that the environment releases and commits that do not exist: only the answer counts here. */
export async function measureWebhook(stack, api, repository) {
  const secret = randomBytes(16).toString('hex');
  await api('POST', '/api/v1/projects', {
    name: 'burst',
    repository,
    provider: 'generic',
    webhookSecret: secret,
  });
  const times = [];
  const calls = [];
  const began = performance.now();
  for (let index = 0; index < TOTAL; index += 1) {
    await pause(Math.max(0, began + (index * 1_000) / PER_SECOND - performance.now()));
    calls.push(deliver(stack, secret, times));
  }
  await Promise.all(calls);
  const sorted = Float64Array.from(times).sort();
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

async function deliver(stack, secret, times) {
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    before: '',
    commit: randomBytes(20).toString('hex'),
  });
  const headers = {
    'content-type': 'application/json',
    'x-sluice-delivery': randomUUID(),
    'x-sluice-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  const began = performance.now();
  const answer = await fetch(`http://127.0.0.1:${stack.port}/webhooks/generic/burst`, {
    method: 'POST',
    headers,
    body,
  });
  await answer.arrayBuffer();
  times.push(performance.now() - began);
  if (answer.status !== 202) throw new Error(`the webhook answered ${answer.status}`);
}
