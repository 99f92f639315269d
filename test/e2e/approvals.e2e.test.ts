/**
 * Who may decide about a step, what is kept of it, and what ends a question: over HTTP, as people's tools ask. The
 * projects are of one stack and run side by side.
 */
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { AuditEntryView, ReleaseView } from '../../src/api/views.ts';
import { createApi, type Api } from '../support/api.ts';
import { startLiveService } from '../support/live-service.ts';
import { type Stack } from '../support/stack.ts';
import { startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;
beforeAll(async () => {
  ({ stack, api, fc } = await startSluice());
}, 120_000);
afterAll(() => stack?.stop(), 30_000);

const END = 120_000;

/** The API as somebody with this role sees it. */
async function signIn(name: string, role: string): Promise<Api> {
  const { token } = await api.post<{ token: string }>('/api/v1/tokens', { name, role });
  return createApi(stack.url, token);
}

interface Decided {
  readonly status: number;
  readonly type: string;
  readonly body: { readonly code?: string; readonly decision?: object };
}

/** @param look number of the look on the person's screen; the newest one where left out */
async function decide(
  as: Api,
  what: 'approve' | 'reject',
  id: string,
  step: number,
  comment = '',
  look?: number,
) {
  const answer = await as.request('POST', `/api/v1/releases/${id}/${what}`, { step, comment, look });
  const type = answer.headers.get('content-type') ?? '';
  return { status: answer.status, type, body: await answer.json() } as Decided;
}

/** 202: a busy machine had it after 5 s, and had not written it down yet. */
const TAKEN = [200, 202];

const read = (id: string): Promise<ReleaseView> => api.get(`/api/v1/releases/${id}`);

describe.concurrent('an approval', () => {
  test('is refused to too low a role and to the author, and given by somebody else with who, when, why and the numbers that were shown', async ({
    expect,
  }) => {
    const approval = 'approval: {role: release-manager, notAuthor: true, timeout: 1h}';
    const service = await startLiveService({
      stack,
      api,
      fc,
      service: 'asked',
      steps: [`{weight: 20%, hold: 1s, ${approval}}`, `{weight: 50%, hold: 1s, ${approval}}`],
    });
    const customers = service.customers();
    const { id } = await service.push('good', 'Asks');
    const waiting = await api.until(id, ['waiting-approval'], END);

    const developer = await signIn('junior', 'developer');
    const low = await decide(developer, 'approve', id, 0, 'mine');
    expect(low).toMatchObject({ status: 403, body: { code: 'role-needed' } });
    expect(low.type).toContain('application/problem+json');
    // Commits of the test's clone are by Test <test@sluice.invalid>.
    const author = await signIn('test', 'release-manager');
    const own = await decide(author, 'approve', id, 0, 'mine');
    expect(own).toMatchObject({ status: 403, body: { code: 'author-may-not' } });
    expect(await read(id)).toMatchObject({ state: 'waiting-approval', since: waiting.since });
    expect((await service.alias()).others).toEqual({ 2: 0.2 });
    const { entries } = await api.get<{ entries: AuditEntryView[] }>('/api/v1/audit');
    const refused = entries.filter(({ target, outcome }) => target === `release:${id}` && outcome !== 'ok');
    expect(refused.map(({ action, actor, outcome }) => [action, actor, outcome])).toEqual([
      ['release.approve', 'test', 'author-may-not'],
      ['release.approve', 'junior', 'role-needed'],
    ]);

    const manager = await signIn('on-duty', 'release-manager');
    // What stood on the screen is kept, not what came since.
    const requests = async () => (await read(id)).verdict?.canaryTotal.requests ?? 0;
    await expect.poll(requests, { timeout: END }).toBeGreaterThan(0);
    const shown = (await read(id)).verdict;
    const look = shown?.number ?? 0;
    await expect.poll(async () => (await read(id)).verdict?.number, { timeout: END }).toBeGreaterThan(look);
    expect(TAKEN).toContain((await decide(manager, 'approve', id, 0, 'looked at it', look)).status);
    await expect.poll(async () => (await read(id)).approvals[0]?.outcome, { timeout: END }).toBe('granted');
    const [decided] = (await read(id)).approvals;
    expect(decided).toMatchObject({
      step: 0,
      outcome: 'granted',
      decisions: [{ decision: 'approved', actor: { name: 'on-duty' }, comment: 'looked at it' }],
    });
    const [decision] = decided?.decisions ?? [];
    expect(Date.parse(decision?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(waiting.since));
    expect(decision?.evidence).toEqual(shown);
    expect(decision?.evidence?.canaryTotal.requests).toBeGreaterThan(0);
    expect(decision?.evidence?.sentence).toMatch(/canary/);

    // The next step: two people at the same moment.
    await expect.poll(async () => (await read(id)).approvals[1]?.outcome, { timeout: END }).toBeNull();
    const other = await signIn('second', 'release-manager');
    const both = await Promise.all([
      decide(manager, 'approve', id, 1, 'go'),
      decide(other, 'reject', id, 1, 'no'),
    ]);
    const ended = await api.until(id, ['promoted', 'rejected'], END);
    await customers.stop();
    expect(ended.approvals[1]?.decisions).toHaveLength(1);
    const isApproved = ended.approvals[1]?.decisions[0]?.decision === 'approved';
    expect(ended.state).toBe(isApproved ? 'promoted' : 'rejected');
    const [winner, loser] = isApproved ? both : both.toReversed();
    expect(TAKEN).toContain(winner?.status);
    expect(loser?.status).toBe(409);
    const standing = {
      outcome: isApproved ? 'granted' : 'refused',
      actor: { name: isApproved ? 'on-duty' : 'second' },
    };
    expect(loser?.body).toMatchObject({ code: 'already-decided', decision: standing });
    expect(await service.alias()).toEqual({ main: isApproved ? '2' : '1', others: {} });
  });

  test('that nobody gives in its time takes the release back, and says so', async ({ expect }) => {
    const service = await startLiveService({
      stack,
      api,
      fc,
      service: 'forgotten',
      steps: ['{weight: 20%, hold: 1s, approval: {role: release-manager, timeout: 2s}}'],
    });
    const customers = service.customers();
    const { id } = await service.push('good', 'Nobody looks');
    const back = await api.until(id, ['rolled-back'], END);
    await customers.stop();
    expect(back).toMatchObject({ rollbackCause: 'approval-timeout', approvals: [{ outcome: 'timed-out' }] });
    expect(await service.alias()).toEqual({ main: '1', others: {} });
  });

  test('is overtaken by harm: the traffic goes back at once, and who comes late is told', async ({
    expect,
  }) => {
    const service = await startLiveService({
      stack,
      api,
      fc,
      service: 'overtaken',
      steps: ['{weight: 50%, hold: 1s, approval: {role: release-manager, timeout: 1h}}'],
    });
    let poison = false;
    const customers = service.customers({ more: () => ({ poison }) });
    const { id } = await service.push('poisonable', 'Turns bad');
    await api.until(id, ['waiting-approval'], END);
    poison = true;
    const back = await api.until(id, ['rolled-back'], END);
    await customers.stop();
    expect(back).toMatchObject({ rollbackCause: 'harmful', approvals: [{ outcome: 'overtaken' }] });
    const late = await decide(api, 'approve', id, 0, 'fine by me');
    expect(late).toMatchObject({ status: 409, body: { code: 'release-ended', state: 'rolled-back' } });
    expect(await service.alias()).toEqual({ main: '1', others: {} });
  });
});
