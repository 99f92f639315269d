/**
 * What people and the judge may do to a running release, and what stands: pure, because who wins when two decide at
 * once must be checked in every order. Exactly one decision closes an approval; whoever comes later is told which.
 */
import type { Look } from '../../domain/analysis/look.ts';
import type { Actor } from '../../domain/release/events.ts';
import type { PlanApproval } from '../../domain/plan/plan.ts';
import { roleCovers, type Role } from '../../domain/release/states.ts';
import { isAuthor } from '../../domain/release/author.ts';
import type { Decision, PersonsAct } from '../messages.ts';

export type Stop =
  | { readonly cause: 'harmful'; readonly look: Look }
  | { readonly cause: 'rejected'; readonly actor: Actor; readonly comment: string }
  | { readonly cause: 'aborted'; readonly actor: Actor; readonly comment: string }
  | { readonly cause: 'approval-timeout'; readonly step: number }
  | { readonly cause: 'watch-failed'; readonly message: string };

/** What closed an approval, as the loser of a race is told. */
export interface StandingDecision {
  readonly step: number;
  readonly outcome: 'granted' | 'refused' | 'timed-out' | 'overtaken';
  /** Who decided; `null` when time or the judge did. */
  readonly actor: Actor | null;
  readonly comment: string;
}

export interface OpenApproval {
  readonly step: number;
  readonly approval: PlanApproval;
  readonly approvers: readonly Actor[];
}

export interface Control {
  /**
   * `running` may be stopped by anything; in `promoting` the last move is under way; `changed-outside` waits for a
   * person, because somebody else moved the alias; `ending` has its outcome.
   */
  readonly phase: 'running' | 'promoting' | 'changed-outside' | 'ending';
  /** The first reason to stop stands; later ones change nothing. */
  readonly stop: Stop | null;
  /** Who told a release in `changed-outside` to leave the alias as it is. */
  readonly yielded: PersonsAct | null;
  readonly open: OpenApproval | null;
  readonly closed: readonly StandingDecision[];
}

export const INITIAL_CONTROL: Control = {
  phase: 'running',
  stop: null,
  yielded: null,
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
    | 'release-ended';
  readonly message: string;
  readonly decision: StandingDecision | null;
}

/** Role that stops a release: whoever may push may also take it back. */
const ABORT_ROLE: Role = 'developer';

/** `null` when the decision may be made now. */
export function refuseDecision(control: Control, decision: Decision, author: string): Refusal | null {
  const { open } = control;
  if (open === null || open.step !== decision.step) {
    const standing = control.closed.find((closed) => closed.step === decision.step);
    if (standing) return conflict('already-decided', sayStanding(standing), standing);
    return conflict(
      'no-open-approval',
      `${sayStep(decision.step)} asks for no approval now${open === null ? '' : `; ${sayStep(open.step)} does`}`,
    );
  }
  const { role, notAuthor } = open.approval;
  const { actor } = decision;
  if (actor.role === undefined || !roleCovers(actor.role, role))
    return forbidden(
      'role-needed',
      `this step needs the role ${role}, ${actor.name} has ${actor.role ?? 'none'}`,
    );
  if (notAuthor && isAuthor(actor.name, author))
    return forbidden(
      'author-may-not',
      `${actor.name} is the commit's author; the plan asks for somebody else`,
    );
  if (open.approvers.some((approver) => approver.name === actor.name))
    return conflict('already-approved', `${actor.name} has approved already; it takes somebody else`);
  return null;
}

/** `null` when the release may be aborted now. */
export function refuseAbort(control: Control, act: PersonsAct): Refusal | null {
  if (act.actor.role === undefined || !roleCovers(act.actor.role, ABORT_ROLE))
    return forbidden('role-needed', `aborting needs the role ${ABORT_ROLE}`);
  if (control.phase === 'changed-outside' && control.yielded === null) return null;
  if (control.phase === 'promoting')
    return conflict('release-ended', 'the release is being promoted; roll back instead');
  if (control.phase !== 'running' || control.stop !== null)
    return conflict('release-ended', 'the release is ending already');
  return null;
}

/** After an approval that was not refused: closes it when enough people approved. */
export function approve(control: Control, decision: Decision): Control {
  if (control.open === null) return control;
  const open = { ...control.open, approvers: [...control.open.approvers, decision.actor] };
  if (open.approvers.length < open.approval.count) return { ...control, open };
  return close({ ...control, open }, 'granted', decision.actor, decision.comment);
}

/** After a rejection that was not refused: one is enough, and it stops the release. */
export function reject(control: Control, decision: Decision): Control {
  const { actor, comment } = decision;
  return stop(close(control, 'refused', actor, comment), { cause: 'rejected', actor, comment });
}

/** After an abort that was not refused: stops the release, or lets go of an alias that somebody else moved. */
export function abort(control: Control, { actor, comment }: PersonsAct): Control {
  if (control.phase === 'changed-outside') return { ...control, yielded: { actor, comment } };
  return stop(control, { cause: 'aborted', actor, comment });
}

/** Opens the approval of a step. */
export function ask(control: Control, step: number, approval: PlanApproval): Control {
  return { ...control, open: { step, approval, approvers: [] } };
}

/** Time ran out. */
export function expire(control: Control): Control {
  return close(control, 'timed-out', null, '');
}

/** Something else ended the wait: harm, or an abort. */
export function overtake(control: Control): Control {
  return close(control, 'overtaken', null, '');
}

/** Asks the release to stop; the first reason stands. */
export function stop(control: Control, reason: Stop): Control {
  return control.stop === null ? { ...control, stop: reason } : control;
}

/** The decision that stands for a step, once it is closed. */
export function standing(control: Control, step: number): StandingDecision | null {
  return control.closed.find((closed) => closed.step === step) ?? null;
}

function close(
  control: Control,
  outcome: StandingDecision['outcome'],
  actor: Actor | null,
  comment: string,
): Control {
  if (control.open === null) return control;
  const closed: StandingDecision = { step: control.open.step, outcome, actor, comment };
  return { ...control, open: null, closed: [...control.closed, closed] };
}

function sayStanding({ step, outcome, actor }: StandingDecision): string {
  return `${sayStep(step)} was ${outcome}${actor === null ? '' : ` by ${actor.name}`} already`;
}

/** People count from 1, the API from 0: a message that both read says both. */
function sayStep(step: number): string {
  return `step ${step + 1} (index ${step})`;
}

function conflict(code: Refusal['code'], message: string, decision: StandingDecision | null = null): Refusal {
  return { kind: 'conflict', code, message, decision };
}

function forbidden(code: Refusal['code'], message: string): Refusal {
  return { kind: 'forbidden', code, message, decision: null };
}
