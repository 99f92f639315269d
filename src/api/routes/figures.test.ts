import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import type { ReleaseEvent } from '../../domain/release/events.ts';
import type { ReleaseCause } from '../../domain/release/states.ts';
import { recordEvent } from '../../store/events.ts';
import { quarantineRelease } from '../../store/quarantine.ts';
import { createRelease, noteCommitTime } from '../../store/releases.ts';
import type { FiguresView } from '../views.ts';
import { newRelease } from '../../../test/support/new-release.ts';

const MINUTE = 60_000;
const SLUICE = { kind: 'system', name: 'sluice' } as const;
/** Two days ago: all that is told below lies in the last week. */
const begun = Date.now() - 2 * 24 * 60 * MINUTE;

let api: ApiServer;
beforeAll(async () => {
  api = await startApiServer();
  for (const name of ['shop', 'other'])
    await api.call('POST', '/api/v1/projects', { name, repository: 'https://git.example/x.git' });
}, 60_000);
afterAll(() => api?.stop());

interface Told {
  readonly cause?: ReleaseCause;
  readonly dedupeKey?: string;
  readonly dryRun?: boolean;
  readonly project?: string;
}

/** A release that was stored at minute `minute` and to which this happened, each at its minute. */
async function release(
  minute: number,
  events: readonly (readonly [number, ReleaseEvent])[],
  more: Told = {},
): Promise<string> {
  const id = ulid();
  await createRelease(
    api.store.db,
    newRelease('shop', {
      id,
      commit: id.toLowerCase().padEnd(40, '0'),
      message: '',
      at: begun + minute * MINUTE,
      ...more,
    }),
  );
  for (const [index, [at, event]] of events.entries())
    await recordEvent(api.store.db, { releaseId: id, seq: index + 1, at: begun + at * MINUTE, event });
  return id;
}

const traffic = (weight: number): ReleaseEvent => ({
  type: 'traffic',
  service: 's',
  alias: 'PROD',
  stable: '1',
  canary: '2',
  weight,
  step: 0,
});
const PROMOTED: ReleaseEvent = { type: 'promoted', bakingUntil: null, sentence: '' };
const back = (cause: 'harmful' | 'bake'): ReleaseEvent => ({
  type: 'rollback-started',
  cause,
  sentence: '',
  actor: SLUICE,
});

async function figures(query: string, token?: string): Promise<FiguresView> {
  const answer = await api.call('GET', `/api/v1/figures?${query}`, undefined, token);
  expect(answer.status).toBe(200);
  return (await answer.json()) as FiguresView;
}
const SHOP = 'project=shop&environment=production';

test('are made of what happened to the environment in the stretch, and of nothing else', async () => {
  const good = await release(0, [
    [1, traffic(0.1)],
    [10, PROMOTED],
  ]);
  await noteCommitTime(api.store.db, good, begun - 50 * MINUTE);
  // Harm in a gray step: exposed for two minutes.
  await release(20, [
    [21, traffic(0.1)],
    [22, back('harmful')],
    [23, traffic(0)],
    [24, { type: 'rolled-back', cause: 'harmful', sentence: '' }],
  ]);
  // Harm in the bake time, six minutes after the promotion: told by a record of its own.
  const baked = await release(30, [
    [31, traffic(0.1)],
    [40, PROMOTED],
  ]);
  await release(
    46,
    [
      [46, back('bake')],
      [46, { type: 'rolled-back', cause: 'bake', sentence: '' }],
    ],
    { cause: 'bake', dedupeKey: `bake:${baked}` },
  );
  // Neither a dry run nor another project counts, nor what never got traffic.
  await release(50, [[51, PROMOTED]], { dryRun: true });
  await release(50, [[51, PROMOTED]], { project: 'other' });
  await release(52, [[53, { type: 'failed', stage: 'build', sentence: '' }]]);

  const week = await figures(`${SHOP}&days=7`);
  expect(week).toMatchObject({
    days: 7,
    deployments: { count: 2, perDay: 2 / 7 },
    // 60 and 10 minutes.
    leadTime: { count: 2, fromCommit: 1, medianMs: 35 * MINUTE },
    changeFailures: { moved: 3, failed: 2, share: 2 / 3 },
    restore: { count: 2, open: 0, medianMs: 4 * MINUTE },
  });
  expect(week.lines.map(({ value }) => value)).toEqual(['2 a week', '35 min', '66.7 %', '4 min']);
  expect(await figures(`${SHOP}&days=1`)).toMatchObject({ deployments: { count: 0 } });

  // A person goes back from the good one, now: two days after its promotion, past the stretch of no other.
  await quarantineRelease(api.store.db, { releaseId: good, reason: 'person', sentence: 'x', actor: 'dana' });
  expect(await figures(`${SHOP}&days=7`)).toMatchObject({
    changeFailures: { moved: 3, failed: 3 },
    // A newer promotion had ended that failure after 30 minutes.
    restore: { count: 3, medianMs: 6 * MINUTE },
  });
});

test('are seen by who sees the project, for environments that there are', async () => {
  const made = await api.call('POST', '/api/v1/tokens', { name: 'x', role: 'viewer', projects: ['other'] });
  const { token } = (await made.json()) as { token: string };
  expect((await api.call('GET', `/api/v1/figures?${SHOP}`, undefined, token)).status).toBe(404);
  expect((await figures('project=other&environment=production', token)).deployments.count).toBe(1);
  for (const [query, status] of [
    ['project=shop&environment=none', 404],
    [`${SHOP}&days=0`, 422],
    ['project=shop', 422],
  ] as const)
    expect((await api.call('GET', `/api/v1/figures?${query}`)).status).toBe(status);
});
