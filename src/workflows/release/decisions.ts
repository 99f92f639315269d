/** Approvals: exactly one decision closes each; whoever comes later is told which. Pure. */
import type { PlanApproval } from '../../domain/plan/plan.ts';
import { isAuthor } from '../../domain/release/author.ts';
import type { Actor } from '../../domain/release/events.ts';
import { roleCovers } from '../../domain/release/states.ts';
import type { Decision } from '../messages.ts';
import {
  conflict,
  forbidden,
  sayStep,
  stop,
  type Control,
  type Refusal,
  type StandingDecision,
} from './control.ts';

/** `null` when the decision may be made now. */
export function refuseDecision(control: Control, decision: Decision, author: string): Refusal | null {
  const { open } = control;
  if (open === null || open.step !== decision.step) {
    const standing = standingAt(control, decision.step);
    if (standing) return conflict('already-decided', sayStanding(standing), standing);
    return conflict(
      'no-open-approval',
      `${sayStep(decision.step)} asks for no approval now${open === null ? '' : `; ${sayStep(open.step)} does`}`,
    );
  }
  const refusal = refuseApprover(open.approval, decision.actor, author);
  if (refusal !== null) return refusal;
  if (open.approvers.some((approver) => approver.name === decision.actor.name))
    return conflict(
      'already-approved',
      `${decision.actor.name} has approved already; it takes somebody else`,
    );
  return null;
}

/** `null` when this person may decide about what asks for `approval`. */
export function refuseApprover(
  { role, notAuthor }: PlanApproval,
  actor: Actor,
  author: string,
): Refusal | null {
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
  return null;
}

/** Opens a question about a step. */
export function ask(control: Control, step: number, approval: PlanApproval): Control {
  return { ...control, open: { question: control.closed.length, step, approval, approvers: [] } };
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

/** Time ran out. */
export function expire(control: Control): Control {
  return close(control, 'timed-out', null, '');
}

/** Something else ended the wait: harm, an abort, or evidence that came after all. */
export function overtake(control: Control): Control {
  return close(control, 'overtaken', null, '');
}

/** The newest decision about a step. */
export function standingAt(control: Control, step: number): StandingDecision | null {
  return control.closed.findLast((closed) => closed.step === step) ?? null;
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
