/**
 * What people do to a running release beside deciding an approval: pause, resume, skip, promote, abort, take over,
 * yield. For each whether it may be done now, and the state after it. Pure.
 */
import type { PlanStep } from '../../domain/plan/plan.ts';
import { ACT_ROLES, type PersonAct } from '../../domain/release/act-roles.ts';
import { roleCovers } from '../../domain/release/states.ts';
import type { PersonsAct, SkipAct } from '../messages.ts';
import { conflict, forbidden, leaveOutside, sayStep, stop, type Control, type Refusal } from './control.ts';
import { overtake, refuseApprover } from './decisions.ts';

/** `null` when the release may be aborted now. */
export function refuseAbort(control: Control, act: PersonsAct): Refusal | null {
  const low = tooLow(act, 'abort', 'aborting');
  if (low) return low;
  if (control.phase === 'changed-outside') return refuseAnswered(control);
  if (control.phase === 'promoting')
    return conflict('release-ended', 'the release is being promoted; roll back instead');
  if (control.phase === 'live' && control.stop === null) return null;
  return refuseEnding(control);
}

/** Stops the release, or lets go of an alias that somebody else moved. */
export function abort(control: Control, { actor, comment }: PersonsAct): Control {
  if (control.phase === 'changed-outside') return yieldTo(control, { actor, comment });
  return stop(control, { cause: 'aborted', actor, comment });
}

/** `null` when the release may be paused now; it goes on where it is, and moves no further. */
export function refusePause(control: Control, act: PersonsAct): Refusal | null {
  const low = tooLow(act, 'pause', 'pausing');
  if (low) return low;
  if (control.paused !== null)
    return conflict('already-paused', `the release was paused by ${control.paused.actor.name}`);
  return refuseSettled(control);
}

export function pause(control: Control, act: PersonsAct): Control {
  return { ...control, paused: act };
}

/** `null` when a person's pause may end now. */
export function refuseResume(control: Control, act: PersonsAct): Refusal | null {
  const low = tooLow(act, 'resume', 'resuming');
  if (low) return low;
  if (control.paused !== null) return refuseEnding(control);
  if (control.freeze !== null) return frozen(control.freeze);
  if (control.phase === 'changed-outside')
    return conflict('not-paused', 'the alias was changed outside: choose take-over or yield');
  return conflict('not-paused', 'nobody has paused the release');
}

export function resume(control: Control): Control {
  return { ...control, paused: null };
}

/** `null` when the rest of a step's hold may be left out now. Its approval is asked for all the same. */
export function refuseSkip(control: Control, act: SkipAct): Refusal | null {
  const low = tooLow(act, 'skip', 'skipping');
  if (low) return low;
  const early = refuseOutsideSteps(control);
  if (early) return early;
  if (act.step !== null && act.step !== control.step)
    return conflict('other-step', `the release is at ${sayStep(control.step ?? 0)}`);
  if (control.open !== null)
    return conflict(
      'approval-open',
      `${sayStep(control.open.step)} waits for a decision: approve or reject it`,
    );
  return null;
}

export function skip(control: Control): Control {
  return { ...control, skipped: control.step };
}

/**
 * `null` when the release may go to 100 % now. It counts as this person's approval of every step that is left, so it
 * takes what those ask for.
 */
export function refusePromote(
  control: Control,
  act: PersonsAct,
  steps: readonly PlanStep[],
  author: string,
): Refusal | null {
  const low = tooLow(act, 'promote', 'promoting');
  if (low) return low;
  const early = refuseOutsideSteps(control);
  if (early) return early;
  if (control.freeze !== null) return frozen(control.freeze);
  const left = steps.slice(control.step ?? 0);
  const asked = left.flatMap(({ approval }) => approval ?? []);
  for (const approval of [...asked, ...(control.open === null ? [] : [control.open.approval])]) {
    const refusal = refuseApprover(approval, act.actor, author);
    if (refusal) return refusal;
    if (approval.count > 1)
      return conflict(
        'approvals-needed',
        `a step that is left takes ${approval.count} people; one cannot promote past it`,
      );
  }
  return null;
}

/** Ends a pause and an open question too: both are answered by it. */
export function promoteNow(control: Control, act: PersonsAct): Control {
  return { ...overtake(control), paused: null, promoted: act };
}

/** `null` when the alias may be set as planned again, over what somebody else set. */
export function refuseTakeOver(control: Control, act: PersonsAct): Refusal | null {
  return tooLow(act, 'take-over', 'taking over') ?? refuseAnswered(control);
}

export function takeOver(control: Control, act: PersonsAct): Control {
  return { ...leaveOutside(control), takenOver: act };
}

/** `null` when the alias may be left as somebody else set it. */
export function refuseYield(control: Control, act: PersonsAct): Refusal | null {
  return tooLow(act, 'yield', 'yielding') ?? refuseAnswered(control);
}

export function yieldTo(control: Control, act: PersonsAct): Control {
  return { ...control, yielded: act };
}

function frozen({ reason }: NonNullable<Control['freeze']>): Refusal {
  return conflict('frozen', `a freeze holds the release: ${reason}; it takes a bypass`);
}

function refuseAnswered(control: Control): Refusal | null {
  if (control.phase === 'changed-outside' && control.yielded === null) return null;
  return conflict('not-changed-outside', 'nobody has changed the alias outside of the release');
}

function refuseOutsideSteps(control: Control): Refusal | null {
  const ending = refuseSettled(control);
  if (ending) return ending;
  if (control.step !== null && control.promoted === null) return null;
  return conflict(
    'not-in-steps',
    control.promoted === null
      ? 'the release is not in its gray steps now'
      : `${control.promoted.actor.name} has promoted it already`,
  );
}

function refuseSettled(control: Control): Refusal | null {
  if (control.phase === 'changed-outside')
    return conflict('release-ended', 'the alias was changed outside: choose take-over or yield');
  if (control.phase === 'promoting') return conflict('release-ended', 'the release is being promoted');
  if (control.phase === 'live')
    return conflict('release-ended', 'the new version has all the traffic already; an abort takes it back');
  return refuseEnding(control);
}

function refuseEnding(control: Control): Refusal | null {
  if (control.phase === 'running' && control.stop === null) return null;
  return conflict('release-ended', 'the release is ending already');
}

function tooLow({ actor }: PersonsAct, act: PersonAct, what: string): Refusal | null {
  const role = ACT_ROLES[act];
  if (actor.role !== undefined && roleCovers(actor.role, role)) return null;
  return forbidden(
    'role-needed',
    `${what} needs the role ${role}, ${actor.name} has ${actor.role ?? 'none'}`,
  );
}
