import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PlanApproval } from '../../domain/plan/plan.ts';
import { ACT_ROLES } from '../../domain/release/act-roles.ts';
import { roleCovers, ROLES, type Role } from '../../domain/release/states.ts';
import type { Decision, PersonsAct } from '../messages.ts';
import {
  abort,
  refuseAbort,
  promoteNow,
  refusePause,
  refusePromote,
  refuseResume,
  refuseSkip,
  refuseTakeOver,
  refuseYield,
} from './acts.ts';
import { INITIAL_CONTROL, stop, type Refusal } from './control.ts';
import { approve, ask, expire, overtake, refuseDecision, reject, standingAt } from './decisions.ts';

const APPROVAL: PlanApproval = {
  role: 'release-manager',
  count: 1,
  notAuthor: false,
  timeoutMs: null,
  onTimeout: 'roll-back',
};

function by(name: string, role: Role = 'release-manager', step = 1): Decision {
  return { actor: { kind: 'person', name, role }, comment: '', step, evidence: null };
}

const asked = ask(INITIAL_CONTROL, 1, APPROVAL);

describe('approval', () => {
  test('refuses a role that is too low, and changes nothing', () => {
    expect(refuseDecision(asked, by('dev', 'developer'), 'ann')).toMatchObject({
      kind: 'forbidden',
      code: 'role-needed',
    });
  });

  test('accepts a higher role — roles include the ones below', () => {
    expect(refuseDecision(asked, by('root', 'admin'), 'ann')).toBeNull();
  });

  test('refuses the author only where the plan says so', () => {
    const strict = ask(INITIAL_CONTROL, 1, { ...APPROVAL, notAuthor: true });
    expect(refuseDecision(strict, by('ann'), 'Ann <ann@x.example>')).toMatchObject({
      code: 'author-may-not',
    });
    expect(refuseDecision(asked, by('ann'), 'Ann <ann@x.example>')).toBeNull();
  });

  test('refuses a step that does not ask — a click on an old page must not open the next step', () => {
    expect(refuseDecision(asked, by('bob', 'admin', 0), '')).toMatchObject({
      code: 'no-open-approval',
      message: 'step 1 (index 0) asks for no approval now; step 2 (index 1) does',
    });
  });

  test('of two decisions exactly one wins, and the other learns which stands', () => {
    const won = approve(asked, by('bob'));
    expect(refuseDecision(won, by('eve'), '')).toMatchObject({
      kind: 'conflict',
      code: 'already-decided',
      decision: { outcome: 'granted', actor: { name: 'bob' } },
    });
    expect(won.stop).toBeNull();

    const lost = reject(asked, by('eve'));
    expect(refuseDecision(lost, by('bob'), '')).toMatchObject({ decision: { outcome: 'refused' } });
    expect(lost.stop).toMatchObject({ cause: 'rejected', actor: { name: 'eve' } });
  });

  test('waits for as many different people as the plan asks for', () => {
    const two = ask(INITIAL_CONTROL, 1, { ...APPROVAL, count: 2 });
    const first = approve(two, by('bob'));
    expect(first.open).not.toBeNull();
    expect(refuseDecision(first, by('bob'), '')).toMatchObject({ code: 'already-approved' });
    expect(standingAt(approve(first, by('eve')), 1)).toMatchObject({ outcome: 'granted' });
  });

  test('closes as timed out or overtaken, and tells the late one so', () => {
    expect(refuseDecision(expire(asked), by('bob'), '')).toMatchObject({
      decision: { outcome: 'timed-out' },
    });
    expect(refuseDecision(overtake(asked), by('bob'), '')).toMatchObject({
      decision: { outcome: 'overtaken' },
    });
  });
});

describe('an act', () => {
  const inStep = { ...INITIAL_CONTROL, step: 0 };
  const paused = { ...inStep, paused: { actor: by('ann').actor, comment: '' } };
  const outside = { ...inStep, phase: 'changed-outside' } as const;
  type Refuse = (act: PersonsAct) => Refusal | null;
  /** Each where it may be done, and the role that docs/releases.md says. */
  const ACTS: readonly (readonly [string, Role, Refuse])[] = [
    ['abort', 'developer', (act) => refuseAbort(inStep, act)],
    ['pause', 'developer', (act) => refusePause(inStep, act)],
    ['resume', 'developer', (act) => refuseResume(paused, act)],
    ['yield', 'developer', (act) => refuseYield(outside, act)],
    ['skip', 'release-manager', (act) => refuseSkip(inStep, { ...act, step: null })],
    ['promote', 'release-manager', (act) => refusePromote(inStep, act, [], '')],
    ['take-over', 'release-manager', (act) => refuseTakeOver(outside, act)],
  ];

  test.each(ACTS)('%s takes a %s, or whoever covers that role', (_, least, refuse) => {
    const allowed = ROLES.filter((role) => refuse({ ...by('bob', role), comment: '' }) === null);
    expect(allowed).toEqual(ROLES.filter((role) => roleCovers(role, least)));
    const lower = ROLES.filter((role) => !roleCovers(role, least));
    for (const role of lower) expect(refuse(by('bob', role))).toMatchObject({ code: 'role-needed' });
  });

  test.each([...ACTS.map(([kind, least]) => [kind, least] as const), ['retry', 'developer'] as const])(
    '%s: the document says so, and the API asks for it before anything else',
    (kind, least) => {
      const doc = readFileSync(join(import.meta.dirname, '../../../docs/releases.md'), 'utf8');
      const row = doc
        .split('\n')
        .find((line) => line.startsWith('|') && line.split('|')[1]?.includes(`\`${kind}\``));
      expect(row?.split('|')[2]).toContain(least);
      expect(Object.entries(ACT_ROLES).find(([name]) => name === kind)?.[1]).toBe(least);
    },
  );
});

describe('promote', () => {
  const act = { actor: by('bob').actor, comment: '' };
  const inStep = { ...INITIAL_CONTROL, step: 0 };

  test('is no way past a freeze — that takes a bypass, with a comment', () => {
    const frozen = { ...inStep, freeze: { reason: 'audit', until: null } };
    expect(refusePromote(frozen, act, [], '')).toMatchObject({ code: 'frozen' });
  });

  test('answers a pause and an open question, and is done once', () => {
    const waiting = ask({ ...inStep, paused: act }, 0, APPROVAL);
    const promoted = promoteNow(waiting, act);
    expect(promoted).toMatchObject({ paused: null, open: null, promoted: act });
    expect(standingAt(promoted, 0)).toMatchObject({ outcome: 'overtaken' });
    expect(refusePromote(promoted, act, [], '')).toMatchObject({ code: 'not-in-steps' });
  });
});

describe('stopping', () => {
  test('keeps the first reason — a rejection after harm does not change why it went back', () => {
    const stopped = stop(INITIAL_CONTROL, { cause: 'approval-timeout', step: 0 });
    expect(stop(stopped, { cause: 'watch-failed', message: 'x' }).stop?.cause).toBe('approval-timeout');
  });

  test('cannot abort what is being promoted or is ending', () => {
    const act = { actor: { kind: 'person', name: 'bob', role: 'developer' }, comment: '' } as const;
    expect(refuseAbort(INITIAL_CONTROL, act)).toBeNull();
    expect(refuseAbort({ ...INITIAL_CONTROL, phase: 'promoting' }, act)).toMatchObject({ kind: 'conflict' });
    expect(refuseAbort({ ...INITIAL_CONTROL, phase: 'ending' }, act)).toMatchObject({ kind: 'conflict' });
    expect(refuseAbort(INITIAL_CONTROL, { ...act, actor: { ...act.actor, role: 'viewer' } })).toMatchObject({
      kind: 'forbidden',
    });
  });

  test('lets a person end a release whose alias was changed outside, also after harm — somebody must be able to', () => {
    const act = { actor: { kind: 'person', name: 'bob', role: 'developer' }, comment: '' } as const;
    const stopped = stop(INITIAL_CONTROL, { cause: 'approval-timeout', step: 0 });
    const outside = { ...stopped, phase: 'changed-outside' } as const;
    expect(refuseAbort(outside, act)).toBeNull();
    const yielded = abort(outside, act);
    expect(yielded).toMatchObject({ yielded: act, stop: { cause: 'approval-timeout' } });
    expect(refuseAbort(yielded, act)).toMatchObject({ kind: 'conflict' });
  });
});
