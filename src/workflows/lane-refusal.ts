/** Why a lane refuses what a person asks of it, as the failure that its update ends with. */
import { ApplicationFailure } from '@temporalio/workflow';
import { roleCovers, type Role } from '../domain/release/states.ts';
import { ACT_FAILURES, type PersonsAct } from './messages.ts';

export function refusal(kind: keyof typeof ACT_FAILURES, code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, ACT_FAILURES[kind], { code, decision: null });
}

/** `null` when the person's role is high enough. @param what e.g. `aborting` */
export function refuseLowRole({ actor }: PersonsAct, needed: Role, what: string): ApplicationFailure | null {
  if (actor.role !== undefined && roleCovers(actor.role, needed)) return null;
  return refusal('forbidden', 'role-needed', `${what} needs the role ${needed}`);
}
