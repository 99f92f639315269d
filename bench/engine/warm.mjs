/** Warm calls: throughput, latency alone, tail at half load, large payloads; engine, echo and peers in turn. */
import { setTimeout as pause } from 'node:timers/promises';
import { drive, median, onlyOk, quantile } from '../load.mjs';
import { plainRequests, request, signedRequest, signedRequests } from '../requests.mjs';

const DIFFERENT = 1_500;
const ROUNDS = 5;
const LARGE_BYTES = 6 * 1024 * 1024 - 1024;

export async function measureWarm(stack, peers, { event, http }) {
  const engine = stack.enginePort;
  const targets = [
    ...peers.map((peer) => ({ ...peer, requests: plainRequests(peer.path, DIFFERENT) })),
    {
      name: '**Sluice, event, signed**',
      how: 'each request signed and different, function in its sandbox',
      port: engine,
      requests: signedRequests(stack.credentials, event, DIFFERENT),
    },
    {
      name: '**Sluice, HTTP, anonymous**',
      how: 'HTTP trigger, function in its sandbox',
      port: engine,
      requests: plainRequests(http, DIFFERENT),
    },
  ].map((target) => ({ ...target, rates: [], alone: [] }));
  for (const { port, requests } of targets) await drive({ port, connections: 16, requests, total: 3_000 });
  for (let round = 0; round < ROUNDS; round += 1)
    for (const target of targets) {
      const { port, requests } = target;
      const many = onlyOk(target.name, await drive({ port, connections: 16, requests, total: 5_000 }));
      const one = onlyOk(target.name, await drive({ port, connections: 1, requests, total: 1_000 }));
      target.rates.push(many.perSecond);
      target.alone.push(quantile(one.latencies, 0.5));
    }
  const echo = targets[0];
  const sluice = targets.at(-2);
  const limit = { rate: median(echo.rates), p50: median(echo.alone) };
  const ratio = (target) => median(target.rates) / limit.rate;
  const tail = await halfLoad(sluice);
  const large = await measureLarge(stack, echo, event);
  return {
    compared: targets.map((target) => ({
      name: target.name,
      how: target.how,
      rate: String(Math.round(median(target.rates))),
      ratio: ratio(target).toFixed(2),
      p50: `${median(target.alone).toFixed(3)} ms`,
    })),
    rows: [
      row('warm event invocation, signed, 16 connections ÷ bare echo', ratio(sluice).toFixed(2), '≥ 0.55'),
      row(
        'warm HTTP function, anonymous, 16 connections ÷ bare echo',
        ratio(targets.at(-1)).toFixed(2),
        '≥ 0.62',
      ),
      row('warm p50 with 1 connection ÷ bare echo’s', (median(sluice.alone) / limit.p50).toFixed(2), '≤ 1.5'),
      row('p99 at half load ÷ p50', (tail.p99 / tail.p50).toFixed(1), '≤ 5'),
      row('6 MB in and out, 4 connections ÷ bare echo', large.toFixed(2), '≥ 0.5'),
    ],
  };
}

export function row(figure, value, aim) {
  return { figure, value, aim };
}

/** Requests at half of the measured rate, sent by the clock whatever the answers do; latency from when each was due. */
async function halfLoad({ port, requests, rates }) {
  const perSecond = median(rates) / 2;
  const gapMs = 5;
  const burst = Math.max(1, Math.round((perSecond * gapMs) / 1_000));
  const latencies = [];
  const ends = Date.now() + 4_000;
  while (Date.now() < ends) {
    const began = performance.now();
    const run = await drive({ port, connections: Math.min(16, burst), requests, total: burst });
    latencies.push(...run.latencies);
    await pause(Math.max(0, gapMs - (performance.now() - began)));
  }
  const sorted = Float64Array.from(latencies).sort();
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

async function measureLarge(stack, echo, path) {
  const body = Buffer.alloc(LARGE_BYTES, 'x');
  const plain = [request('POST', '/', { host: 'bench' }, body)];
  const signed = [signedRequest(stack.credentials, path, body)];
  const rates = { echo: [], engine: [] };
  for (let round = 0; round < 3; round += 1) {
    rates.echo.push(
      onlyOk(echo.name, await drive({ port: echo.port, connections: 4, requests: plain, total: 40 }))
        .perSecond,
    );
    const run = await drive({ port: stack.enginePort, connections: 4, requests: signed, total: 40 });
    rates.engine.push(onlyOk('the engine', run).perSecond);
  }
  return median(rates.engine) / median(rates.echo);
}
