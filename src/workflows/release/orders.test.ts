import { array, assert, constantFrom, property } from 'fast-check';
import { expect, test } from 'vitest';
import type { PersonsAct } from '../messages.ts';
import * as acts from './acts.ts';
import { askOutside, INITIAL_CONTROL, isKept, stop, type Control, type Refusal } from './control.ts';
import { approve, ask, refuseDecision, reject } from './decisions.ts';

const BOSS: PersonsAct = { actor: { kind: 'person', name: 'boss', role: 'admin' }, comment: '' };
const APPROVAL = {
  role: 'release-manager',
  count: 1,
  notAuthor: false,
  timeoutMs: null,
  onTimeout: 'roll-back',
} as const;
const DECISION = { ...BOSS, step: 0, evidence: null };

interface Act {
  readonly refuse: (control: Control) => Refusal | null;
  readonly apply: (control: Control) => Control;
}

const ACTS: Readonly<Record<string, Act>> = {
  abort: { refuse: (c) => acts.refuseAbort(c, BOSS), apply: (c) => acts.abort(c, BOSS) },
  pause: { refuse: (c) => acts.refusePause(c, BOSS), apply: (c) => acts.pause(c, BOSS) },
  resume: { refuse: (c) => acts.refuseResume(c, BOSS), apply: acts.resume },
  skip: { refuse: (c) => acts.refuseSkip(c, { ...BOSS, step: null }), apply: acts.skip },
  promote: { refuse: (c) => acts.refusePromote(c, BOSS, [], ''), apply: (c) => acts.promoteNow(c, BOSS) },
  takeOver: { refuse: (c) => acts.refuseTakeOver(c, BOSS), apply: (c) => acts.takeOver(c, BOSS) },
  yield: { refuse: (c) => acts.refuseYield(c, BOSS), apply: (c) => acts.yieldTo(c, BOSS) },
  approve: { refuse: (c) => refuseDecision(c, DECISION, ''), apply: (c) => approve(c, DECISION) },
  reject: { refuse: (c) => refuseDecision(c, DECISION, ''), apply: (c) => reject(c, DECISION) },
};

/** What the stages, the watch and the lane do to the state, where they may. */
const WORLD: Readonly<Record<string, (control: Control) => Control>> = {
  step: (c) => (c.phase === 'running' && c.stop === null ? { ...c, step: 0 } : c),
  ask: (c) => (c.phase === 'running' && c.stop === null && c.open === null ? ask(c, 0, APPROVAL) : c),
  outside: (c) => (c.phase === 'changed-outside' ? c : askOutside(c)),
  harm: (c) => stop(c, { cause: 'watch-failed', message: 'gone' }),
  freeze: (c) => ({ ...c, freeze: { reason: 'audit', until: null } }),
  thaw: (c) => ({ ...c, freeze: null }),
  promoting: (c) =>
    c.phase === 'running' && !isKept(c) && c.open === null ? { ...c, phase: 'promoting' } : c,
  live: (c) => (c.phase === 'promoting' ? { ...c, phase: 'live' } : c),
};

const steps = array(constantFrom(...Object.keys(ACTS), ...Object.keys(WORLD)), { maxLength: 25 });

/** Something goes on by itself: a stop that is carried out, the last move, an answer that was given. */
function isMoving({ phase, stop: reason, yielded }: Control): boolean {
  return reason !== null || phase === 'promoting' || phase === 'ending' || yielded !== null;
}

test('in no order of acts is a release left where nobody may end it and nothing goes on, and the first stop stands', () => {
  assert(
    property(steps, (names) => {
      let control = INITIAL_CONTROL;
      for (const name of names) {
        const before = control;
        const act = ACTS[name];
        if (act === undefined) control = WORLD[name]?.(control) ?? control;
        else if (act.refuse(control) === null) control = act.apply(control);
        if (before.stop !== null) expect(control.stop).toBe(before.stop);
        if (control.phase === 'changed-outside' && control.yielded === null) {
          expect(acts.refuseYield(control, BOSS)).toBeNull();
          expect(acts.refuseTakeOver(control, BOSS)).toBeNull();
        } else if (!isMoving(control)) expect(acts.refuseAbort(control, BOSS)).toBeNull();
        // A pause of a person can be ended by a person wherever the release still waits for it.
        if (control.paused !== null && control.phase === 'running' && control.stop === null)
          expect(acts.refuseResume(control, BOSS)).toBeNull();
        // Each question is one of those that were asked, and is counted once.
        if (control.open !== null) expect(control.open.question).toBe(control.closed.length);
      }
    }),
    { numRuns: 500 },
  );
});

test('what a person who rolls the environment back has asked for is not asked again', () => {
  const asked = askOutside({ ...INITIAL_CONTROL, phase: 'ending', letGo: BOSS });
  expect(asked).toMatchObject({ phase: 'changed-outside', yielded: BOSS });
});
