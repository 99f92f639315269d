/**
 * What people and the judge may do to a running release, and what stands: pure, because who wins when two decide at
 * once must be checked in every order. `decisions.ts` and `acts.ts` are the transitions; the stages read the state.
 */
import type { Look } from '../../domain/analysis/look.ts';
import type { PlanApproval } from '../../domain/plan/plan.ts';
import type { Actor } from '../../domain/release/events.ts';
import type { PersonsAct } from '../messages.ts';

export type Stop =
  | { readonly cause: 'harmful'; readonly look: Look }
  | { readonly cause: 'rejected'; readonly actor: Actor; readonly comment: string }
  | { readonly cause: 'aborted'; readonly actor: Actor; readonly comment: string }
  | { readonly cause: 'approval-timeout'; readonly step: number }
  | { readonly cause: 'watch-failed'; readonly message: string }
  /** A newer release takes its place. */
  | { readonly cause: 'superseded'; readonly by: string }
  /** A freeze that takes back what is under way. */
  | { readonly cause: 'freeze'; readonly reason: string };

/** What closed an approval, as the loser of a race is told. */
export interface StandingDecision {
  readonly step: number;
  readonly outcome: 'granted' | 'refused' | 'timed-out' | 'overtaken';
  /** Who decided; `null` when time or the judge did. */
  readonly actor: Actor | null;
  readonly comment: string;
}

export interface OpenApproval {
  /** Counts the questions of the release: a step may ask more than once. */
  readonly question: number;
  readonly step: number;
  readonly approval: PlanApproval;
  readonly approvers: readonly Actor[];
}

export type Phase = 'running' | 'promoting' | 'live' | 'changed-outside' | 'ending';

export interface Control {
  /**
   * `running` may be stopped by anything; in `promoting` the last move is under way; in `live` the new version has all
   * traffic, and the plan's last hooks may still be stopped; `changed-outside` waits for a person, because somebody else
   * moved the alias; `ending` has its outcome.
   */
  readonly phase: Phase;
  /** What `changed-outside` goes back to when somebody takes over. */
  readonly phaseBefore: Phase;
  /** The first reason to stop stands; later ones change nothing. */
  readonly stop: Stop | null;
  /** Who told a release in `changed-outside` to leave the alias as it is. */
  readonly yielded: PersonsAct | null;
  /** Who rolls the environment back by its lane: what cannot be taken back is that person's, and nobody is asked. */
  readonly letGo: PersonsAct | null;
  /** Who told a release in `changed-outside` to set the alias as planned. */
  readonly takenOver: PersonsAct | null;
  /** Gray step under way; `null` before the first and after the last. */
  readonly step: number | null;
  /** A person's pause: no traffic moves on. */
  readonly paused: PersonsAct | null;
  /** A freeze that holds what is under way; likewise. */
  readonly freeze: { readonly reason: string; readonly until: number | null } | null;
  /** Step whose hold a person ended. */
  readonly skipped: number | null;
  /** Who sent the release to 100 % past its remaining steps. */
  readonly promoted: PersonsAct | null;
  readonly open: OpenApproval | null;
  readonly closed: readonly StandingDecision[];
}

export const INITIAL_CONTROL: Control = {
  phase: 'running',
  phaseBefore: 'running',
  stop: null,
  yielded: null,
  letGo: null,
  takenOver: null,
  step: null,
  paused: null,
  freeze: null,
  skipped: null,
  promoted: null,
  open: null,
  closed: [],
};

/** Why an act is refused; `kind` is one of the failure types of updates, `code` is stable. */
export interface Refusal {
  readonly kind: 'forbidden' | 'conflict';
  readonly code:
    | 'role-needed'
    | 'author-may-not'
    | 'no-open-approval'
    | 'already-decided'
    | 'already-approved'
    | 'approval-open'
    | 'already-paused'
    | 'not-paused'
    | 'frozen'
    | 'not-in-steps'
    | 'other-step'
    | 'approvals-needed'
    | 'not-changed-outside'
    | 'release-ended';
  readonly message: string;
  readonly decision: StandingDecision | null;
}

/** Asks the release to stop; the first reason stands. */
export function stop(control: Control, reason: Stop): Control {
  return control.stop === null ? { ...control, stop: reason } : control;
}

/** What the lane says may still take the release back; a question about an alias does not outlast it. */
export function isUnderWay({ phase, phaseBefore }: Control): boolean {
  return phase === 'running' || (phase === 'changed-outside' && phaseBefore === 'running');
}

/** No traffic may move on: a person or a freeze keeps the release where it is. */
export function isKept({ paused, freeze }: Control): boolean {
  return paused !== null || freeze !== null;
}

/** A person wants no more of this step's hold. */
export function isLeft({ skipped, promoted }: Control, step: number): boolean {
  return skipped === step || promoted !== null;
}

/** Somebody else moved the alias: a person has the word. */
export function askOutside(control: Control): Control {
  const phaseBefore = control.phase === 'changed-outside' ? control.phaseBefore : control.phase;
  return { ...control, phase: 'changed-outside', phaseBefore, yielded: control.letGo, takenOver: null };
}

/** Back to what the release was at, after somebody took over. */
export function leaveOutside(control: Control): Control {
  return control.phase === 'changed-outside' ? { ...control, phase: control.phaseBefore } : control;
}

/** People count from 1, the API from 0: a message that both read says both. */
export function sayStep(step: number): string {
  return `step ${step + 1} (index ${step})`;
}

export function conflict(
  code: Refusal['code'],
  message: string,
  decision: StandingDecision | null = null,
): Refusal {
  return { kind: 'conflict', code, message, decision };
}

export function forbidden(code: Refusal['code'], message: string): Refusal {
  return { kind: 'forbidden', code, message, decision: null };
}
