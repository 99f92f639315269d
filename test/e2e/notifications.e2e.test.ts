/** What is told of a release, from the push to the last word, by a whole Sluice whose worker dies on the way. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeliveryView } from '../../src/api/views.ts';
import { type Api } from '../support/api.ts';
import { startCustomers } from '../support/customers.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { sdkOf } from '../support/sdk.ts';
import { poll, type Stack } from '../support/stack.ts';
import { startSluice } from '../support/sluice.ts';

const SECRET = 'secret-of-the-receiver';

let stack: Stack;
let api: Api;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver(SECRET);
  ({ stack, api } = await startSluice());
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await receiver?.stop();
}, 30_000);

test('the approver is told once, whatever dies, and the end follows — nothing lost, nothing told twice', async () => {
  const service = 'told';
  const project = await createGitProject(api, join(stack.home, 'demo'), service);
  const changed = await api.request('PATCH', `/api/v1/projects/${service}`, {
    notifications: [
      {
        name: 'ops',
        url: receiver.url,
        secret: SECRET,
        // Whether a request reaches the canary before the first look is chance, so the words about that are left out.
        events: ['approval-requested', 'approval-closed', 'promoted'],
      },
    ],
  });
  expect(changed.status).toBe(200);
  const { delivery } = await api.post<{ delivery: string }>(
    `/api/v1/projects/${service}/notifications/ops/test`,
    {},
  );
  await poll('the message that tries the channel', () => receiver.accepted.some(({ id }) => id === delivery));

  const step = '{weight: 10%, hold: 0s, approval: {role: release-manager}}';
  const files = (tag: string) => functionFiles({ service, handler: 'good', tag, steps: [step] });
  const first = await project.push(files('v1'), 'First');
  await api.until(first.id, ['promoted'], 60_000);

  // A hold without requests would be extended, and ask for another reason.
  const customers = startCustomers({
    client: sdkOf(stack),
    service,
    alias: 'PROD',
    function: 'greet',
    perSecond: 20,
    most: 3_000,
  });
  // The worker dies while the receiver has the message and has not answered.
  receiver.answering = () => () => undefined;
  const { id } = await project.push(files('v2'), 'Second');
  await poll('the question to arrive', () =>
    receiver.arrivals.some(({ message }) => message.event === 'approval-requested'),
  );
  const before = stack.kill('worker');
  receiver.answering = () => 'accept';
  await stack.untilBack('worker', before);
  await poll('the question to be taken', () =>
    receiver.accepted.some(({ event }) => event === 'approval-requested'),
  );
  await api.post(`/api/v1/releases/${id}/approve`, { step: 0, comment: 'fine' });
  await api.until(id, ['promoted'], 60_000);
  await poll('the last word', () =>
    receiver.accepted.some(({ event, release }) => event === 'promoted' && release?.id === id),
  );

  await customers.stop();

  const mine = receiver.accepted.filter(({ release }) => release?.id === id);
  expect(mine.map(({ event, severity }) => `${event} ${severity}`)).toEqual([
    'approval-requested ask',
    'approval-closed info',
    'promoted info',
  ]);
  expect(mine[0]).toMatchObject({
    url: `${stack.url}/releases/${id}`,
    release: { commit: expect.stringMatching(/^[0-9a-f]{40}$/) as string, state: 'waiting-approval' },
  });
  expect(Date.parse(mine[0]?.release?.committedAt ?? '')).toBeGreaterThan(Date.now() - 600_000);
  expect(receiver.arrivals.every(({ signed }) => signed)).toBe(true);
  const { deliveries } = await api.get<{ deliveries: DeliveryView[] }>(
    `/api/v1/projects/${service}/notifications`,
  );
  expect(deliveries.find(({ event }) => event === 'approval-requested')?.attempts).toBeGreaterThan(1);
}, 180_000);

test('a canary that cannot be taken off traffic is told within a minute — also when the engine only hangs', async () => {
  // Whatever became of the test before.
  receiver.answering = () => 'accept';
  const service = 'stuck';
  const project = await createGitProject(api, join(stack.home, 'demo'), service);
  await api.request('PATCH', `/api/v1/projects/${service}`, {
    notifications: [{ name: 'ops', url: receiver.url, secret: SECRET }],
  });
  const files = (tag: string) =>
    functionFiles({ service, handler: 'good', tag, steps: ['{weight: 25%, hold: 1h}'] });
  const first = await project.push(files('v1'), 'First');
  await api.until(first.id, ['promoted'], 60_000);
  const { id } = await project.push(files('v2'), 'Second');
  await poll('the weight', async () =>
    (await api.events(id)).some(({ event }) => event.type === 'traffic' && event.weight === 0.25),
  );
  const engine = stack.pid('engine');
  process.kill(engine, 'SIGSTOP');
  try {
    await api.request('POST', `/api/v1/releases/${id}/abort`, { comment: 'bad' });
    await poll(
      'the alarm',
      () =>
        receiver.accepted.some(
          ({ event, severity, sentence, release }) =>
            release?.id === id &&
            event === 'blocked' &&
            severity === 'alarm' &&
            sentence.includes('version 2 may still have 25 % of PROD'),
        ),
      60_000,
    );
  } finally {
    process.kill(engine, 'SIGCONT');
  }
  await api.until(id, ['aborted'], 60_000);
  await poll('the end', () =>
    receiver.accepted.some(({ event, release }) => event === 'aborted' && release?.id === id),
  );
}, 240_000);
