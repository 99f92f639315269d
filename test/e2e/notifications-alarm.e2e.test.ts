/** Who is on call hears of an engine that is away while a release has traffic, and of the end, by a whole Sluice. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReleaseView } from '../../src/api/views.ts';
import { startFcProxy, type FcProxy } from '../faults/fc-proxy.ts';
import { createApi, type Api } from '../support/api.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { freePorts, poll, startStack, type Stack } from '../support/stack.ts';

const run = promisify(execFile);
const SLUICE = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const SECRET = 'secret-of-the-receiver';
const END = 90_000;

let stack: Stack;
let api: Api;
let receiver: Receiver;
/** What lies between Sluice and the engine. */
let proxy: FcProxy;
beforeAll(async () => {
  receiver = await startReceiver(SECRET);
  const [enginePort = 0, proxyPort = 0] = await freePorts(2);
  proxy = await startFcProxy(proxyPort, `http://127.0.0.1:${enginePort}`);
  const env = { SLUICE_ENGINE_PORT: String(enginePort), SLUICE_FC_ENDPOINT: proxy.url };
  stack = await startStack({ env });
  api = createApi(stack.url, stack.credentials.adminToken);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await proxy?.close();
  await receiver?.stop();
}, 30_000);

test('the engine is away when traffic is to go back: that is told within a minute as an alarm, then the end; a test of the channel says what comes of it', async () => {
  const service = 'cut-off';
  const project = await createGitProject(api, join(stack.home, 'demo'), service);
  const notifications = [{ name: 'on-call', url: receiver.url, secret: SECRET }];
  expect((await api.request('PATCH', `/api/v1/projects/${service}`, { notifications })).status).toBe(200);
  const push = (tag: string): Promise<ReleaseView> =>
    project.push(functionFiles({ service, handler: 'good', tag, steps: ['{weight: 25%, hold: 1h}'] }), tag);
  await api.until((await push('v1')).id, ['promoted'], END);
  const { id } = await push('v2');
  const told = (event: string) =>
    receiver.accepted.filter((message) => message.release?.id === id && message.event === event);
  await poll('the new version to have its share', async () => {
    const { traffic } = await api.get<ReleaseView>(`/api/v1/releases/${id}`);
    return traffic.some(({ weight }) => weight === 0.25);
  });

  await proxy.setWeather('lost');
  await api.request('POST', `/api/v1/releases/${id}/abort`, { comment: 'drill' });
  const alarm = () =>
    told('blocked').find(({ sentence }) => /cannot reach the engine; .* 25 %/.test(sentence));
  await poll('the alarm', () => alarm() !== undefined, 60_000);
  expect(alarm()).toMatchObject({ severity: 'alarm', url: `${stack.url}/releases/${id}` });

  await proxy.setWeather('fine');
  await api.until(id, ['aborted', 'rolled-back'], END);
  await poll('the end to be told', () => told('aborted').length + told('rolled-back').length > 0);
  expect(told('cleared').map(({ sentence }) => sentence)).toContain('goes on: engine-unreachable is over');
  expect(receiver.repeated).toEqual([]);

  const notify = async () => {
    const env = { ...stack.env, SLUICE_URL: stack.url, SLUICE_TOKEN: stack.credentials.adminToken };
    const ended = run(process.execPath, [SLUICE, 'notify', 'test', service], { env });
    return ended.then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
    );
  };
  expect(await notify()).toEqual({ code: 0, stdout: 'on-call took the message: 204\n' });
  receiver.answering = () => (response) => void response.writeHead(410).end('moved away');
  expect(await notify()).toEqual({
    code: 1,
    stdout: `on-call did not take the message: 410 moved away; it is tried again, see "sluice notify list ${service}"\n`,
  });
}, 240_000);
