import { describe, expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import type { Look } from '../analysis/look.ts';
import { parsePlan } from '../plan/parse.ts';
import type { Actor, ReleaseEvent } from './events.ts';
import type { ReleaseProgress } from './progress.ts';
import { applyEvent, initialProgress } from './record.ts';
import { hasEnded, RELEASE_STATES, roleCovers } from './states.ts';

const ann: Actor = { kind: 'person', name: 'ann', role: 'release-manager' };
const sluice: Actor = { kind: 'system', name: 'sluice' };

const look: Look = {
  number: 3,
  at: 30,
  step: 0,
  weight: 0.05,
  metric: 'errors',
  canary: { requests: 5, failures: 1 },
  stable: { requests: 95, failures: 1 },
  canaryTotal: { requests: 15, failures: 3 },
  stableTotal: { requests: 285, failures: 3 },
  dispersion: 1,
  logEvidence: 1,
  logHealth: 0,
  logThreshold: Math.log(100),
  logHealthThreshold: Math.log(20),
  gate: true,
  verdict: 'undecided',
  cause: 'too-few',
  sentence: 'too few to decide',
};

/** The record after these events, the first at time 1, the next at 2, … */
function fold(...events: ReleaseEvent[]): ReleaseProgress {
  return events.reduce((record, event, i) => applyEvent(record, event, i + 1), initialProgress(0));
}

const started: ReleaseEvent = { type: 'started' };
const asked: ReleaseEvent = {
  type: 'approval-requested',
  step: 1,
  role: 'release-manager',
  count: 2,
  notAuthor: true,
  until: 1_000,
};
const paused: ReleaseEvent = { type: 'paused', reason: 'person', actor: ann };
const resumed: ReleaseEvent = { type: 'resumed', actor: ann };
const closed = (outcome: 'granted' | 'overtaken'): ReleaseEvent => ({
  type: 'approval-closed',
  step: 1,
  outcome,
});
const step = (n: number): ReleaseEvent => ({
  type: 'step-started',
  step: n,
  weight: 0.05 * (n + 1),
  holdMs: 10,
});
const traffic = (weight: number, canary = '2'): ReleaseEvent => ({
  type: 'traffic',
  service: 's',
  alias: 'PROD',
  stable: '1',
  canary,
  weight,
  step: 0,
});

describe('the way of a release', () => {
  test('queued with a reason, then started, then promoted', () => {
    const queued = fold({ type: 'queued', reason: 'behind', behind: 'r1' });
    expect(queued).toMatchObject({
      state: 'queued',
      reason: 'behind',
      behind: 'r1',
      startedAt: null,
      since: 1,
    });
    const running = applyEvent(queued, started, 2);
    expect(running).toMatchObject({ state: 'running', reason: null, behind: null, startedAt: 2, since: 2 });
    const promoted = applyEvent(running, { type: 'promoted', bakingUntil: 99, sentence: 'all of it' }, 9);
    expect(promoted).toMatchObject({
      state: 'promoted',
      reason: null,
      message: 'all of it',
      endedAt: 9,
      bakingUntil: 99,
    });
  });

  test('every ending event leads to an end state with its time', () => {
    const endings: ReleaseEvent[] = [
      { type: 'promoted', bakingUntil: null, sentence: '' },
      { type: 'rolled-back', cause: 'harmful', sentence: '' },
      { type: 'superseded', by: 'r9' },
      { type: 'rejected', actor: ann, sentence: '' },
      { type: 'aborted', actor: ann, sentence: '' },
      { type: 'failed', stage: 'build', sentence: '' },
      { type: 'unchanged', sentence: '' },
    ];
    for (const ending of endings) {
      const record = fold(started, ending);
      expect(hasEnded(record.state)).toBe(true);
      expect(record.endedAt).toBe(2);
    }
    expect(RELEASE_STATES.filter((s) => !hasEnded(s))).toEqual([
      'queued',
      'running',
      'waiting-approval',
      'paused',
    ]);
  });

  test('a superseded release links to the one that took its place', () => {
    expect(
      fold({ type: 'queued', reason: 'behind', behind: 'r1' }, { type: 'superseded', by: 'r3' }),
    ).toMatchObject({
      state: 'superseded',
      behind: null,
      supersededBy: 'r3',
    });
  });

  test('the fold changes no record that it was given', () => {
    const record = Object.freeze(fold(started, step(0), asked));
    const before = structuredClone(record);
    applyEvent(record, closed('granted'), 9);
    applyEvent(record, { type: 'step-finished', step: 0, summary: 'x' }, 9);
    expect(record).toEqual(before);
  });
});

describe('stages and steps', () => {
  test('a stage has its times, summary, and the end of its log when it fails', () => {
    const record = fold(
      started,
      { type: 'stage-started', stage: 'source', attempt: 1 },
      { type: 'stage-finished', stage: 'source', durationMs: 1, summary: 'checked out' },
      { type: 'stage-started', stage: 'build', attempt: 1 },
      { type: 'stage-failed', stage: 'build', message: 'exit 1', logTail: ['a', 'b'] },
    );
    expect(record.stages).toEqual([
      { stage: 'source', state: 'done', startedAt: 2, endedAt: 3, summary: 'checked out', logTail: [] },
      { stage: 'build', state: 'failed', startedAt: 4, endedAt: 5, summary: 'exit 1', logTail: ['a', 'b'] },
    ]);
  });

  test('a stage or step that starts again is the same one', () => {
    const record = fold(
      started,
      { type: 'stage-started', stage: 'build', attempt: 1 },
      { type: 'stage-failed', stage: 'build', message: 'x', logTail: [] },
      { type: 'stage-started', stage: 'build', attempt: 2 },
      step(0),
      step(0),
      { type: 'step-finished', step: 0, summary: 'held' },
    );
    expect(record.stages).toEqual([
      { stage: 'build', state: 'running', startedAt: 4, endedAt: null, summary: null, logTail: [] },
    ]);
    expect(record.steps).toEqual([
      { step: 0, weight: 0.05, holdMs: 10, startedAt: 6, endedAt: 7, summary: 'held' },
    ]);
  });

  test('traffic is kept per service and alias, the newest alone', () => {
    const other: ReleaseEvent = {
      ...(traffic(0.1) as Extract<ReleaseEvent, { type: 'traffic' }>),
      service: 't',
    };
    const record = fold(started, traffic(0.05), other, traffic(0.25));
    expect(record.traffic.map((t) => [t.service, t.weight, t.at])).toEqual([
      ['t', 0.1, 3],
      ['s', 0.25, 4],
    ]);
  });

  test('plan, versions and the newest look are kept', () => {
    const parsed = parsePlan({ text: null, file: 'sluice.yml', environment: PRODUCTION });
    if (!('plan' in parsed)) throw new Error('no default plan');
    const services = [{ service: 's', functions: ['f'], stable: '1', canary: '2' }];
    const record = fold(
      started,
      { type: 'planned', plan: parsed.plan },
      { type: 'versions', services },
      { type: 'verdict', look },
      { type: 'verdict', look: { ...look, number: 4 } },
    );
    expect(record).toMatchObject({ plan: parsed.plan, services, verdict: { number: 4 }, state: 'running' });
  });
});

describe('approvals', () => {
  const approve: ReleaseEvent = {
    type: 'approval-decided',
    step: 1,
    decision: 'approved',
    actor: ann,
    comment: 'looks good',
    evidence: look,
  };

  test('who decided, when, why, and on what evidence', () => {
    const waiting = fold(started, asked, approve);
    expect(waiting).toMatchObject({
      state: 'waiting-approval',
      reason: 'approval',
      message: 'waits for release-manager',
    });
    expect(waiting.approvals[0]?.decisions).toEqual([
      { decision: 'approved', actor: ann, comment: 'looks good', at: 3, evidence: look },
    ]);
    const granted = applyEvent(waiting, closed('granted'), 4);
    expect(granted).toMatchObject({ state: 'running', reason: null, message: null });
    expect(granted.approvals[0]?.outcome).toBe('granted');
  });

  test('a decision after the end changes nothing — the approval is closed', () => {
    const record = fold(started, asked, closed('granted'), approve);
    expect(record.approvals[0]?.decisions).toEqual([]);
  });

  test('an approval that a rollback overtook does not hide the rollback', () => {
    const rollback: ReleaseEvent = {
      type: 'rollback-started',
      cause: 'harmful',
      sentence: 'worse',
      actor: sluice,
    };
    const record = fold(started, asked, rollback, closed('overtaken'));
    expect(record).toMatchObject({
      state: 'running',
      reason: 'rolling-back',
      message: 'worse',
      rollbackCause: 'harmful',
    });
    const done = applyEvent(record, { type: 'rolled-back', cause: 'harmful', sentence: 'worse' }, 9);
    expect(done).toMatchObject({ state: 'rolled-back', reason: 'harmful', endedAt: 9 });
    expect(applyEvent(done, closed('overtaken'), 10).state).toBe('rolled-back');
  });
});

describe('pauses and blocks', () => {
  test('a pause outlasts an approval that is given meanwhile', () => {
    const record = fold(started, asked, paused, closed('granted'));
    expect(record).toMatchObject({ state: 'paused', reason: 'person', message: 'paused by ann' });
    expect(applyEvent(record, resumed, 9)).toMatchObject({ state: 'running', reason: null });
  });

  test('after a pause the release waits for what it waited for', () => {
    expect(fold(started, asked, paused, resumed)).toMatchObject({
      state: 'waiting-approval',
      reason: 'approval',
      message: 'waits for release-manager',
    });
    expect(fold(started, paused, asked)).toMatchObject({ state: 'paused', reason: 'person' });
  });

  test('what blocks is named until it is cleared; another reason is not cleared by it', () => {
    const blocked: ReleaseEvent = { type: 'blocked', reason: 'engine-unreachable', message: 'no answer' };
    const cleared = (reason: string): ReleaseEvent => ({ type: 'cleared', reason });
    expect(fold(started, blocked)).toMatchObject({
      state: 'running',
      reason: 'engine-unreachable',
      since: 2,
    });
    expect(fold(started, blocked, cleared('no-metrics')).reason).toBe('engine-unreachable');
    expect(fold(started, blocked, cleared('engine-unreachable'))).toMatchObject({
      state: 'running',
      reason: null,
      since: 3,
    });
    expect(fold(started, asked, blocked, cleared('engine-unreachable'))).toMatchObject({
      state: 'waiting-approval',
      reason: 'approval',
    });
  });
});

test('a role covers the ones below it', () => {
  expect(roleCovers('admin', 'release-manager')).toBe(true);
  expect(roleCovers('developer', 'release-manager')).toBe(false);
  expect(roleCovers('viewer', 'viewer')).toBe(true);
});
