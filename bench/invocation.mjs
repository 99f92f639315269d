/** Warm invocations and HTTP calls through the engine against the bare echo, in the same run and in turn. */
import { fork } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { join } from 'node:path';
import { drive, quantile, request } from './load.mjs';

const DIFFERENT = 2_000;
const ROUNDS = 5;

/**
 * @param {{service: string, name: string, web: string}} functions `name` takes events, `web` is an HTTP function that
 *   anybody may call
 * @returns rows for the table
 */
export async function measureInvocation(stack, { service, name, web }) {
  const echo = fork(join(import.meta.dirname, 'echo-server.mjs'));
  const { port: echoPort } = await new Promise((resolve) => echo.once('message', resolve));
  const signed = Array.from({ length: DIFFERENT }, (_, index) =>
    signedRequest(
      stack.credentials,
      `/2016-08-15/services/${service}.PROD/functions/${name}/invocations`,
      Buffer.from(JSON.stringify({ number: index, text: 'x'.repeat(40) })),
    ),
  );
  const [plain, http] = ['/', `/2016-08-15/proxy/${service}/${web}/`].map((path) =>
    Array.from({ length: DIFFERENT }, (_, index) =>
      request(
        'POST',
        path,
        { host: 'bench', 'content-type': 'application/octet-stream' },
        Buffer.from(JSON.stringify({ number: index, text: 'x'.repeat(40) })),
      ),
    ),
  );
  const runs = { echo: [], engine: [], http: [], echoOne: [], engineOne: [] };
  try {
    await drive({ port: stack.enginePort, connections: 16, requests: signed, total: 4_000 });
    await drive({ port: stack.enginePort, connections: 16, requests: http, total: 4_000 });
    await drive({ port: echoPort, connections: 16, requests: plain, total: 4_000 });
    for (let round = 0; round < ROUNDS; round += 1) {
      runs.echo.push(await drive({ port: echoPort, connections: 16, requests: plain, total: 20_000 }));
      runs.engine.push(
        await drive({ port: stack.enginePort, connections: 16, requests: signed, total: 10_000 }),
      );
      runs.http.push(await drive({ port: stack.enginePort, connections: 16, requests: http, total: 10_000 }));
      runs.echoOne.push(await drive({ port: echoPort, connections: 1, requests: plain, total: 3_000 }));
      runs.engineOne.push(
        await drive({ port: stack.enginePort, connections: 1, requests: signed, total: 2_000 }),
      );
    }
  } finally {
    echo.disconnect();
  }
  for (const run of [...runs.engine, ...runs.http, ...runs.engineOne]) {
    const other = [...run.statuses].filter(([status]) => status !== 200);
    if (other.length > 0) throw new Error(`the engine answered ${JSON.stringify(other)} besides 200`);
  }
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
    {
      figure: 'warm HTTP call, anonymous, 16 connections',
      value: `${Math.round(rate(runs.http))}/s`,
      aim: '',
    },
    {
      figure: 'HTTP throughput ÷ echo',
      value: (rate(runs.http) / rate(runs.echo)).toFixed(2),
      aim: '≥ 0.62',
    },
    { figure: 'p50 with 1 connection, echo', value: `${p50(runs.echoOne).toFixed(3)} ms`, aim: 'the limit' },
    {
      figure: 'p50 with 1 connection, invocation',
      value: `${p50(runs.engineOne).toFixed(3)} ms (${(p50(runs.engineOne) / p50(runs.echoOne)).toFixed(2)} × echo)`,
      aim: '',
    },
  ];
}

/** As the public SDK signs (FC API, Authentication). */
export function signedRequest({ accountId, accessKeyId, accessKeySecret }, path, body) {
  const date = new Date().toUTCString();
  const md5 = Buffer.from(createHash('md5').update(body).digest('hex')).toString('base64');
  const type = 'application/octet-stream';
  const text = ['POST', md5, type, date, `x-fc-account-id:${accountId}`, path].join('\n');
  const signature = createHmac('sha256', accessKeySecret).update(text).digest('base64');
  return request(
    'POST',
    path,
    {
      host: '127.0.0.1',
      accept: 'application/json',
      date,
      'content-type': type,
      'content-md5': md5,
      'x-fc-account-id': accountId,
      authorization: `FC ${accessKeyId}:${signature}`,
    },
    body,
  );
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
