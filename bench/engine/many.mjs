/** Neighbours: a hot function beside 1,000 known and 100 warm ones, and beside 50 that start cold. */
import { drive, median, quantile } from '../load.mjs';
import { signedRequests } from '../requests.mjs';
import { createFunction, ECHO, NODE, SERVICE } from '../functions.mjs';
import { row } from './warm.mjs';

const KNOWN = 1_000;
const WARM = 100;
const COLD = 50;

export async function measureMany(stack, fc, { event }) {
  const requests = signedRequests(stack.credentials, event, 1_500);
  const hot = (connections, total) => drive({ port: stack.enginePort, connections, requests, total });
  const rate = async () => {
    const rates = [];
    for (let round = 0; round < 5; round += 1) rates.push((await hot(16, 5_000)).perSecond);
    return median(rates);
  };
  await hot(16, 3_000);
  const alone = await rate();
  const quiet = quantile((await hot(4, 3_000)).latencies, 0.99);

  const cold = Array.from({ length: COLD }, (_, index) => `start-${index}`);
  for (const name of cold) await createFunction(fc, name, NODE, ECHO);
  const started = new AbortController();
  const starts = Promise.all(cold.map((name) => fc.invokeFunction(SERVICE, name, '{}'))).finally(() => {
    started.abort();
  });
  const during = [];
  while (!started.signal.aborted) during.push(...(await hot(4, 200)).latencies);
  await starts;
  const busy = quantile(Float64Array.from(during).sort(), 0.99);

  for (let index = 0; index < KNOWN; index += 1) {
    await createFunction(fc, `known-${index}`, NODE, ECHO);
    if (index < WARM) await fc.invokeFunction(SERVICE, `known-${index}`, '{}');
  }
  const beside = await rate();
  return [
    row(
      `hot function beside ${KNOWN} known and ${WARM} warm ones ÷ alone`,
      (beside / alone).toFixed(2),
      '≥ 0.95',
    ),
    row(
      `p99 of a hot function while ${COLD} start cold ÷ alone`,
      `${(busy / quiet).toFixed(1)} (${busy.toFixed(1)} ÷ ${quiet.toFixed(1)} ms)`,
      '≤ 3',
    ),
  ];
}
