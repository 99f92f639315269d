/** The dispatcher of notifications over a real PostgreSQL against a receiver that is everything but reliable. */
import type { ServerResponse } from 'node:http';
import { pino } from 'pino';
import { ulid } from 'ulid';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ReleaseEvent } from '../../src/domain/release/events.ts';
import { recordEvent } from '../../src/store/events.ts';
import { replaceChannels } from '../../src/store/notification-channels.ts';
import { listDeliveries } from '../../src/store/notification-deliveries.ts';
import { claimNotifications } from '../../src/store/notifications.ts';
import { createProject } from '../../src/store/projects.ts';
import { createRelease } from '../../src/store/releases.ts';
import { KEPT_MS, startNotifications, type NotificationPace } from '../../src/worker/notifications.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { poll } from '../support/stack.ts';
import { startTestStore, type TestStore } from '../support/test-store.ts';
import { newRelease } from '../support/new-release.ts';

const SECRET = 'the-secret-of-this-test';
const PACE: NotificationPace = {
  timeoutMs: 300,
  firstPauseMs: 20,
  longestPauseMs: 100,
  giveUpMs: 60_000,
  leaseMs: 1_000,
};
const log = pino({ level: 'silent' });

let store: TestStore;
let receiver: Receiver;
let project: string;
let releaseId: string;
const running = new Set<{ close(): Promise<void> }>();

beforeAll(async () => {
  store = await startTestStore();
}, 60_000);
afterAll(async () => {
  await store?.close();
});
beforeEach(async () => {
  receiver = await startReceiver(SECRET);
  project = `p-${ulid().toLowerCase()}`;
  releaseId = ulid();
  await createProject(store.db, {
    name: project,
    repository: 'https://git.example/x.git',
    provider: 'generic',
    webhookSecret: 'x',
    defaultBranch: 'main',
    environments: [],
  });
  await replaceChannels(store.db, project, [
    { name: 'ops', kind: 'webhook', url: receiver.url, secret: SECRET },
  ]);
  await createRelease(
    store.db,
    newRelease(project, { id: releaseId, commit: 'c'.repeat(40), author: 'dana', message: 'Cheaper apples' }),
  );
});
afterEach(async () => {
  await Promise.all([...running].map((one) => one.close()));
  running.clear();
  await receiver.stop();
});

function start(pace: Partial<NotificationPace> = {}): void {
  const parts = { db: store.db, databaseUrl: store.postgres.url, publicUrl: 'http://sluice.example', log };
  running.add(startNotifications({ ...parts, pace: { ...PACE, ...pace } }));
}

const asked = (step: number): ReleaseEvent => ({
  type: 'approval-requested',
  step,
  role: 'release-manager',
  count: 1,
  notAuthor: false,
  until: null,
});

function record(seq: number, event: ReleaseEvent): Promise<boolean> {
  return recordEvent(store.db, { releaseId, seq, at: 1_760_000_000_000 + seq, event });
}

const deliveries = () => listDeliveries(store.db, { project, limit: 50 });
const untilAccepted = (count: number) =>
  poll(`${count} accepted messages`, () => receiver.accepted.length >= count, 20_000);

test('a message is signed on its raw body and says what happened, where, and what link to follow', async () => {
  start();
  await record(1, asked(0));
  await untilAccepted(1);
  const [arrival] = receiver.arrivals;
  expect(arrival).toMatchObject({
    signed: true,
    headers: { 'x-sluice-event': 'approval-requested', 'x-sluice-delivery': `${releaseId}.1.ops` },
    message: {
      schema: 1,
      id: `${releaseId}.1.ops`,
      event: 'approval-requested',
      at: new Date(1_760_000_000_001).toISOString(),
      severity: 'ask',
      sentence: 'step 1 asks for the approval of a release-manager',
      project,
      environment: 'production',
      url: `http://sluice.example/releases/${releaseId}`,
      release: { id: releaseId, seq: 1, state: 'waiting-approval', commit: 'c'.repeat(40), author: 'dana' },
    },
  });
  expect(Number(arrival?.headers['x-sluice-timestamp'])).toBeGreaterThan(1_700_000_000);
  await poll('the row to be closed', async () => (await deliveries())[0]?.state === 'sent');
  expect(await deliveries()).toMatchObject([{ attempts: 1, status: 204, event: 'approval-requested' }]);
});

test('hanging, failing, cutting off, leading elsewhere: each message arrives once all the same, in order', async () => {
  const other = await startReceiver(SECRET);
  const troubles: ((response: ServerResponse) => void)[] = [
    () => undefined,
    (response) => void response.writeHead(500).end('x'.repeat(100_000)),
    (response) => void response.socket?.destroy(),
    (response) => void response.writeHead(307, { location: other.url }).end(),
  ];
  let turn = 0;
  // Every message meets one trouble before it is taken.
  const met = new Set<string>();
  receiver.answering = ({ message }) => {
    if (met.has(message.id)) return 'accept';
    met.add(message.id);
    return troubles[turn++ % troubles.length] ?? 'accept';
  };
  start();
  for (let seq = 1; seq <= 8; seq++) await record(seq, asked(seq));
  await untilAccepted(8);
  expect(receiver.accepted.map(({ release }) => release?.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(receiver.arrivals.every(({ signed }) => signed)).toBe(true);
  expect(other.arrivals).toEqual([]);
  // The same bytes under the same id, however often.
  for (const { id } of receiver.accepted)
    expect(new Set(receiver.arrivals.filter((a) => a.message.id === id).map(({ body }) => body)).size).toBe(
      1,
    );
  await other.stop();
});

test('a receiver that is down gets everything when it is back, and the API shows what it waits for', async () => {
  await receiver.stop();
  start();
  await record(1, asked(0));
  await record(2, { type: 'failed', stage: 'build', sentence: 'no' });
  await poll('tries that failed', async () => (await deliveries()).every(({ attempts }) => attempts > 1));
  expect(await deliveries()).toMatchObject([
    { state: 'waiting', status: null, answer: expect.stringContaining('ECONNREFUSED') as string },
    { state: 'waiting', status: null, answer: expect.stringContaining('ECONNREFUSED') as string },
  ]);
  await receiver.start();
  await untilAccepted(2);
  expect(new Set(receiver.accepted.map(({ event }) => event))).toEqual(
    new Set(['approval-requested', 'failed']),
  );
});

test('a message that died with its worker is sent by the next one, under the same id', async () => {
  await record(1, asked(0));
  // Claimed, and never heard of again.
  const claims = await claimNotifications(store.db, { limit: 10, leaseMs: 200 });
  // Besides, what tests before this one left to be sent again.
  const claimed = claims.find((claim) => claim.project === project);
  expect(claimed?.delivery).toBe(`${releaseId}.1.ops`);
  start();
  await untilAccepted(1);
  expect(receiver.accepted[0]?.id).toBe(claimed?.delivery);
  expect((await deliveries())[0]?.attempts).toBe(2);
});

test('two workers send a message once', async () => {
  start();
  start();
  for (let seq = 1; seq <= 20; seq++) await record(seq, asked(seq));
  await untilAccepted(20);
  await poll('all rows closed', async () => (await deliveries()).every(({ state }) => state === 'sent'));
  expect(receiver.repeated).toEqual([]);
  expect(receiver.arrivals).toHaveLength(20);
});

test('one message that is never taken does not keep an alarm from people', async () => {
  receiver.answering = ({ message }) =>
    message.event === 'approval-requested' ? (response) => void response.writeHead(400).end('no') : 'accept';
  start();
  await record(1, asked(0));
  await record(2, { type: 'failed', stage: 'build', sentence: 'no' });
  await untilAccepted(1);
  expect(receiver.accepted).toMatchObject([{ event: 'failed', severity: 'alarm' }]);
  expect(receiver.arrivals.filter(({ message }) => message.release?.seq === 1).length).toBeGreaterThan(3);
});

test('a channel that hangs holds up nobody else', async () => {
  const pager = await startReceiver(SECRET);
  await replaceChannels(store.db, project, [
    { name: 'ops', kind: 'webhook', url: receiver.url, secret: SECRET },
    { name: 'pager', kind: 'webhook', url: pager.url, secret: SECRET },
  ]);
  receiver.answering = () => () => undefined;
  // Nothing but independence brings the later ones: no answer of the other is given up in the time of this test.
  start({ timeoutMs: 600_000, leaseMs: 600_000 });
  await record(1, asked(0));
  await poll('the first to hang', () => receiver.arrivals.length === 1);
  await record(2, asked(1));
  await record(3, { type: 'failed', stage: 'build', sentence: 'no' });
  await poll('the pager to have all', () => pager.accepted.length === 3, 20_000);
  expect(pager.accepted.map(({ release }) => release?.seq)).toEqual([1, 2, 3]);
  expect(receiver.arrivals).toHaveLength(1);
  await pager.stop();
});

test('what was sent long ago leaves the list, what waits or is younger stays', async () => {
  await record(1, asked(0));
  await record(2, asked(1));
  await record(3, asked(2));
  const end = (seq: number, at: number | null) =>
    store.db
      .updateTable('notifications')
      .set({
        ...(at !== null && { state: 'sent' as const, ended_at: new Date(at) }),
        next_at: new Date(8e15),
      })
      .where('release_id', '=', releaseId)
      .where('seq', '=', seq)
      .execute();
  await end(1, Date.now() - KEPT_MS - 1_000);
  await end(2, Date.now() - KEPT_MS + 3_600_000);
  await end(3, null);
  start();
  await poll('the old one to be gone', async () => (await deliveries()).length === 2);
  expect((await deliveries()).map(({ seq }) => seq)).toEqual([3, 2]);
});

test('what nobody takes is given up in the end, with the last answer', async () => {
  receiver.answering = () => (response) => void response.writeHead(503).end(`busy\0${'x'.repeat(5_000)}`);
  start({ giveUpMs: 300 });
  await record(1, asked(0));
  await poll('it to be given up', async () => (await deliveries())[0]?.state === 'given-up');
  const [given] = await deliveries();
  expect(given).toMatchObject({
    status: 503,
    nextAt: null,
    answer: expect.stringMatching(/^busy/) as string,
  });
  expect(given?.answer.length).toBeLessThanOrEqual(1_024);
});

test('the status is the answer — a text that does not end does not make the message come again', async () => {
  receiver.answering = () => (response) => void response.writeHead(200).write('thanks, and');
  start();
  await record(1, asked(0));
  await poll('the row to be closed', async () => (await deliveries())[0]?.state === 'sent');
  expect(await deliveries()).toMatchObject([{ attempts: 1, status: 200, answer: 'thanks, and' }]);
  expect(receiver.arrivals).toHaveLength(1);
});

test('a channel that was removed gets nothing more', async () => {
  await record(1, asked(0));
  await replaceChannels(store.db, project, []);
  start();
  await poll('it to be given up', async () => (await deliveries())[0]?.state === 'given-up');
  expect(receiver.arrivals).toEqual([]);
  expect((await deliveries())[0]?.answer).toBe('the channel was removed');
});
