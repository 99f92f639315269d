import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PRODUCTION } from '../../test/support/production.ts';
import { resolvePlan } from '../domain/plan/resolve.ts';
import type { ReleaseEvent } from '../domain/release/events.ts';
import { recordEvent } from './events.ts';
import { replaceChannels } from './notification-channels.ts';
import { listDeliveries } from './notification-deliveries.ts';
import { createProject } from './projects.ts';
import { createRelease } from './releases.ts';
import { startTestStore, type TestStore } from '../../test/support/test-store.ts';
import { newRelease } from '../../test/support/new-release.ts';

let store: TestStore;
let project: string;

beforeAll(async () => {
  store = await startTestStore();
}, 60_000);
afterAll(async () => {
  await store?.close();
});
beforeEach(async () => {
  project = `p-${ulid().toLowerCase()}`;
  await createProject(store.db, {
    name: project,
    repository: 'https://git.example/x.git',
    provider: 'generic',
    webhookSecret: 'x',
    defaultBranch: 'main',
    environments: [],
  });
  await channels({ name: 'ops' });
});

async function channels(...wishes: { name: string; events?: string[] }[]): Promise<void> {
  const of = { kind: 'webhook', url: 'https://hooks.example/', secret: 'secret-of-the-test' } as const;
  await replaceChannels(
    store.db,
    project,
    wishes.map((one) => ({ ...of, ...one })),
  );
}

/** Records the events one after another, and answers what is to be sent: `channel: event`, in order. */
async function told(events: readonly ReleaseEvent[], dryRun = false): Promise<string[]> {
  const releaseId = ulid();
  await createRelease(store.db, newRelease(project, { id: releaseId, dryRun, at: 0 }));
  for (const [index, event] of events.entries())
    // Each is stored twice, as by a worker that was killed in between.
    for (let time = 0; time < 2; time++)
      await recordEvent(store.db, { releaseId, seq: index + 1, at: index, event });
  const deliveries = await listDeliveries(store.db, { project, limit: 100 });
  return deliveries
    .filter((one) => one.releaseId === releaseId)
    .map(({ channel, event, seq }) => `${channel}: ${event} ${seq}`)
    .toReversed();
}

const blocked = (reason: string): ReleaseEvent => ({ type: 'blocked', reason, message: 'no answer' });
const cleared = (reason: string): ReleaseEvent => ({ type: 'cleared', reason });
const STARTED: ReleaseEvent = { type: 'started' };
const FAILED: ReleaseEvent = { type: 'failed', stage: 'build', sentence: 'no' };
const BACK: ReleaseEvent = {
  type: 'rollback-started',
  cause: 'harmful',
  sentence: 'x',
  actor: { kind: 'system', name: 'sluice' },
};

test('an event is told once to each channel that wants it, however often it is stored', async () => {
  await channels({ name: 'all' }, { name: 'starts', events: ['started'] }, { name: 'none', events: [] });
  expect(await told([STARTED, FAILED])).toEqual(['starts: started 1', 'all: failed 2']);
});

test('a wait is told once until it is over, and its end only where the wait was told', async () => {
  const a = 'engine-unreachable';
  expect(await told([blocked(a), blocked(a), cleared(a), cleared(a), blocked(a), cleared('other')])).toEqual([
    'ops: blocked 1',
    'ops: cleared 3',
    'ops: blocked 5',
  ]);
});

test('a wait is told again when a rollback has begun — now the canary is what cannot be taken off', async () => {
  const a = 'engine-unreachable';
  expect(await told([blocked(a), BACK, blocked(a), cleared(a)])).toEqual([
    'ops: blocked 1',
    'ops: rollback-started 2',
    'ops: blocked 3',
    'ops: cleared 4',
  ]);
});

test('the plan chooses for channels that name nothing, from where it is known', async () => {
  await channels({ name: 'ops' }, { name: 'audit', events: ['failed', 'started'] });
  const plan = { ...resolvePlan(null, PRODUCTION), notifications: { events: ['stage-started'] } };
  const stage: ReleaseEvent = { type: 'stage-started', stage: 'build', attempt: 1 };
  expect(await told([STARTED, { type: 'planned', plan }, stage, FAILED])).toEqual([
    'audit: started 1',
    'ops: stage-started 3',
    'audit: failed 4',
  ]);
});

test('a dry run tells nobody — it is nobody’s news', async () => {
  expect(await told([STARTED, FAILED], true)).toEqual([]);
});
