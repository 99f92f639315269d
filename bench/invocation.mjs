/** Warm invocations through the engine against the bare echo, in the same run and in turn. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { SERVICE } from './functions.mjs';
import { drive, median, onlyOk, quantile } from './load.mjs';
import { plainRequests, signedRequests } from './requests.mjs';

const DIFFERENT = 2_000;
const ROUNDS = 5;

/** @returns rows for the table */
export async function measureInvocation(stack, name) {
  const echo = fork(join(import.meta.dirname, 'echo-server.mjs'));
  const { port: echoPort } = await new Promise((resolve) => echo.once('message', resolve));
  const path = `/2016-08-15/services/${SERVICE}.PROD/functions/${name}/invocations`;
  const signed = signedRequests(stack.credentials, path, DIFFERENT);
  const plain = plainRequests('/', DIFFERENT);
  const runs = { echo: [], engine: [], echoOne: [], engineOne: [] };
  try {
    await drive({ port: stack.enginePort, connections: 16, requests: signed, total: 4_000 });
    await drive({ port: echoPort, connections: 16, requests: plain, total: 4_000 });
    for (let round = 0; round < ROUNDS; round += 1) {
      runs.echo.push(await drive({ port: echoPort, connections: 16, requests: plain, total: 20_000 }));
      runs.engine.push(
        await drive({ port: stack.enginePort, connections: 16, requests: signed, total: 10_000 }),
      );
      runs.echoOne.push(await drive({ port: echoPort, connections: 1, requests: plain, total: 3_000 }));
      runs.engineOne.push(
        await drive({ port: stack.enginePort, connections: 1, requests: signed, total: 2_000 }),
      );
    }
  } finally {
    echo.disconnect();
  }
  for (const run of [...runs.engine, ...runs.engineOne]) onlyOk('the engine', run);
  const rate = (list) => median(list.map((run) => run.perSecond));
  const p50 = (list) => median(list.map((run) => quantile(run.latencies, 0.5)));
  return [
    {
      figure: 'bare node:http echo, 16 connections',
      value: `${Math.round(rate(runs.echo))}/s`,
      aim: 'the limit',
    },
    {
      figure: 'warm invocation, signed, 16 connections',
      value: `${Math.round(rate(runs.engine))}/s`,
      aim: '',
    },
    { figure: 'throughput ÷ echo', value: (rate(runs.engine) / rate(runs.echo)).toFixed(2), aim: '≥ 0.45' },
    { figure: 'p50 with 1 connection, echo', value: `${p50(runs.echoOne).toFixed(3)} ms`, aim: 'the limit' },
    {
      figure: 'p50 with 1 connection, invocation',
      value: `${p50(runs.engineOne).toFixed(3)} ms (${(p50(runs.engineOne) / p50(runs.echoOne)).toFixed(2)} × echo)`,
      aim: '',
    },
  ];
}
