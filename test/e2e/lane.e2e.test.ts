/**
 * The lane on real parts, through public faces only: pushes that wait, give way, replace and are frozen, while
 * customers call the alias. Holds are seconds, because here time itself is part of what is tried.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEntryView, EventView, FreezeView, ReleaseView } from '../../src/api/views.ts';
import { createApi, type Api } from '../support/api.ts';
import { startCustomers } from '../support/customers.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { type Stack } from '../support/stack.ts';
import { startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;

beforeAll(async () => {
  ({ stack, api, fc } = await startSluice());
}, 120_000);
afterAll(() => stack?.stop(), 30_000);

/** Until somebody ends it. */
const HELD = ['{weight: 25%, hold: 10m}'];
const SHORT = ['{weight: 25%, hold: 1s}'];
const ASKING = ['{weight: 25%, hold: 1s, approval: {role: release-manager, timeout: 1h}}'];
const END = 90_000;

/** A project with version 1 live and customers; `push` makes the next version. */
async function begin(name: string) {
  const project = await createGitProject(api, join(stack.home, 'demo'), name);
  let count = 0;
  const push = (steps: readonly string[], supersede = 'latest'): Promise<ReleaseView> => {
    count += 1;
    const files = functionFiles({ service: name, handler: 'good', tag: `v${count}`, steps });
    const plan = files['sluice.yml'] ?? '';
    files['sluice.yml'] = plan.replace(
      '    alias: PROD\n',
      `    alias: PROD\n    supersede: ${supersede}\n    bake: 0s\n`,
    );
    return project.push(files, `Change ${count}`);
  };
  await api.until((await push(SHORT)).id, ['promoted'], END);
  const customers = startCustomers({
    client: fc,
    service: name,
    alias: 'PROD',
    function: 'greet',
    perSecond: 15,
    most: 3_000,
  });
  return { name, push, stop: () => customers.stop() };
}

function read(id: string): Promise<ReleaseView> {
  return api.get(`/api/v1/releases/${id}`);
}

/** Polls until the release is as asked; fails with what it is instead. */
async function until(id: string, isSo: (release: ReleaseView) => boolean): Promise<ReleaseView> {
  const deadline = Date.now() + END;
  for (;;) {
    const release = await read(id);
    if (isSo(release)) return release;
    if (Date.now() > deadline)
      throw new Error(
        `release ${id} is ${release.state} (${release.reason ?? ''}): ${release.sentence ?? ''}`,
      );
    await pause(100);
  }
}

const inGray = ({ traffic }: ReleaseView): boolean => traffic.some(({ weight }) => weight === 0.25);

/** Versions that the alias names, the main one first. */
async function versionsAt(service: string): Promise<string[]> {
  const { data } = await fc.getAlias(service, 'PROD');
  const { versionId, additionalVersionWeight } = data as {
    versionId: string;
    additionalVersionWeight: object | null;
  };
  return [versionId, ...Object.keys(additionalVersionWeight ?? {})];
}

async function weights(id: string): Promise<number[]> {
  const told = await api.events(id);
  return told.flatMap(({ event }: EventView) => (event.type === 'traffic' ? [event.weight] : []));
}

async function freeze(project: string, body: object = {}): Promise<FreezeView> {
  const window = { kind: 'once' };
  return api.post('/api/v1/freezes', { project, reason: 'incident 812', window, ...body });
}

async function end(id: string): Promise<void> {
  expect((await api.request('DELETE', `/api/v1/freezes/${id}`)).status).toBe(204);
}

describe('a push while a release runs', () => {
  test('waits; a newer one takes its place with links both ways, and runs when the first has ended', async () => {
    const { name, push, stop } = await begin('queue');
    const a = await push(HELD);
    await until(a.id, inGray);
    const [b, c] = [await push(SHORT), await push(SHORT)];
    expect(await until(b.id, ({ endedAt }) => endedAt !== null)).toMatchObject({
      state: 'superseded',
      supersededBy: c.id,
    });
    const waiting = await until(c.id, ({ reason }) => reason !== null);
    expect(waiting).toMatchObject({ state: 'queued', reason: 'behind', behind: a.id, supersedes: [b.id] });
    expect(waiting.sentence).toMatch(
      /^behind release 2 \([0-9a-f]{8} of queue\), which is at 25 % since .* UTC$/,
    );
    await api.post(`/api/v1/releases/${a.id}/skip`, { comment: 'all are in their places' });
    const seen: number[] = [];
    while ((await read(c.id)).endedAt === null) {
      seen.push((await versionsAt(name)).length);
      await pause(200);
    }
    await stop();
    expect(Math.max(...seen)).toBe(2);
    expect(await read(a.id)).toMatchObject({ state: 'promoted' });
    expect(await read(c.id)).toMatchObject({ state: 'promoted' });
    expect(await weights(b.id)).toEqual([]);
  });

  test('says that the one in front waits for a person, asks nobody twice, and can be aborted', async () => {
    const { push, stop } = await begin('asking');
    const a = await push(ASKING);
    await api.until(a.id, ['waiting-approval'], END);
    const b = await push(SHORT);
    const waiting = await until(b.id, ({ reason }) => reason !== null);
    expect(waiting.sentence).toMatch(
      /^behind release 2 \([0-9a-f]{8} of asking\), which waits for release-manager since .* UTC$/,
    );
    const outcome = await api.post<{ outcome: string }>(`/api/v1/releases/${b.id}/abort`, {
      comment: 'not today',
    });
    expect(outcome.outcome).toBe('aborted');
    expect(await read(b.id)).toMatchObject({
      state: 'aborted',
      startedAt: null,
      sentence: 'aborted by admin before it began: not today',
    });
    const asked = (await api.events(a.id)).filter(({ event }) => event.type === 'approval-requested');
    expect(asked).toHaveLength(1);
    await api.post(`/api/v1/releases/${a.id}/approve`, { step: 0, comment: '' });
    await api.until(a.id, ['promoted'], END);
    await stop();
  });

  test('takes the running one back first where the plan says replace, and begins after it', async () => {
    const { name, push, stop } = await begin('replace');
    const a = await push(['{weight: 25%, hold: 60s}'], 'replace');
    await until(a.id, inGray);
    const b = await push(SHORT, 'replace');
    const replaced = await until(a.id, ({ endedAt }) => endedAt !== null);
    expect(replaced).toMatchObject({ state: 'superseded', supersededBy: b.id });
    expect((await weights(a.id)).at(-1)).toBe(0);
    const promoted = await api.until(b.id, ['promoted'], END);
    await stop();
    expect(promoted.supersedes).toEqual([a.id]);
    expect(Date.parse(promoted.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(replaced.endedAt ?? ''));
    expect(await weights(b.id)).toEqual([0.25, 1]);
    expect(await versionsAt(name)).toHaveLength(1);
  });
});

describe('a freeze', () => {
  test('keeps a push until its end; a bypass needs a role and a comment, and is in the audit', async () => {
    const { name, push, stop } = await begin('frozen');
    const ends = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await freeze(name, { window: { kind: 'once', until: ends } });
    const b = await push(SHORT);
    const waiting = await until(b.id, ({ reason }) => reason !== null);
    expect(waiting).toMatchObject({ state: 'queued', reason: 'freeze', waitsUntil: ends, startedAt: null });
    expect(waiting.sentence).toMatch(/^frozen until .* UTC: incident 812$/);

    const path = `/api/v1/freezes/${id}/bypass`;
    expect((await api.request('POST', path, { release: b.id })).status).toBe(422);
    const { token } = await api.post<{ token: string }>('/api/v1/tokens', { name: 'dev', role: 'developer' });
    const developer = createApi(stack.url, token);
    const wish = { release: b.id, comment: 'fixes the checkout' };
    expect((await developer.request('POST', path, wish)).status).toBe(403);
    expect((await read(b.id)).state).toBe('queued');
    await api.post(path, wish);
    await api.until(b.id, ['promoted'], END);
    const { entries } = await api.get<{ entries: AuditEntryView[] }>('/api/v1/audit');
    const acts = entries.filter(({ action }) => action === 'freeze.bypass');
    expect(acts.map(({ actor, outcome }) => [actor, outcome])).toEqual([
      ['admin', 'ok'],
      ['dev', 'role-needed'],
    ]);
    expect(acts[0]?.detail).toMatchObject({ comment: 'fixes the checkout' });

    const c = await push(SHORT);
    await until(c.id, ({ reason }) => reason === 'freeze');
    await end(id);
    await api.until(c.id, ['promoted'], END);
    await stop();
  });

  test('ends by itself, and what waited begins', async () => {
    const { name, push, stop } = await begin('ending');
    const endsAt = Date.now() + 6_000;
    await freeze(name, { window: { kind: 'once', until: new Date(endsAt).toISOString() } });
    const b = await push(SHORT);
    await until(b.id, ({ reason }) => reason === 'freeze');
    const promoted = await api.until(b.id, ['promoted'], END);
    await stop();
    expect(Date.parse(promoted.startedAt ?? '')).toBeGreaterThanOrEqual(endsAt);
  });

  test('that is ended while Temporal is down lets the push go as soon as it is back', async () => {
    const { name, push, stop } = await begin('down');
    const { id } = await freeze(name);
    const b = await push(SHORT);
    await until(b.id, ({ reason }) => reason === 'freeze');
    const before = stack.kill('temporal');
    await end(id);
    await stack.untilBack('temporal', before);
    await api.until(b.id, ['promoted'], END);
    await stop();
  });

  test('holds a release at its weight until the freeze is over, or takes it back, as it says', async () => {
    const { name, push, stop } = await begin('held');
    const a = await push(HELD.concat('{weight: 50%, hold: 1s}'));
    await until(a.id, inGray);
    const hold = await freeze(name, { underWay: 'hold' });
    const held = await api.until(a.id, ['paused'], END);
    expect(held).toMatchObject({ reason: 'freeze', waitsUntil: null });
    await end(hold.id);
    await api.until(a.id, ['running'], END);
    await api.post(`/api/v1/releases/${a.id}/skip`, { comment: 'the freeze is over' });
    await api.until(a.id, ['promoted'], END);
    expect(await weights(a.id)).toEqual([0.25, 0.5, 1]);

    const b = await push(['{weight: 25%, hold: 60s}']);
    await until(b.id, inGray);
    const back = await freeze(name, { underWay: 'roll-back' });
    const ended = await api.until(b.id, ['rolled-back'], END);
    await stop();
    expect(ended.rollbackCause).toBe('freeze');
    expect((await weights(b.id)).at(-1)).toBe(0);
    expect(await versionsAt(name)).toHaveLength(1);
    await end(back.id);
  });
});
