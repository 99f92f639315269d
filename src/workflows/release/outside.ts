/**
 * An alias that somebody else moved: nothing is overwritten until a person says "take over" or "yield". It is found
 * by the next write of the release, or between two by the watch, whose word is checked here by a conditional move.
 */
import { condition, patched } from '@temporalio/workflow';
import { SLUICE } from '../../domain/release/events.ts';
import { FAILURES, type OutsideChange } from '../../domain/release/failures.ts';
import type { PersonsAct } from '../messages.ts';
import type { Fault } from '../failure.ts';
import { askOutside, isKept, leaveOutside } from './control.ts';
import { sayKeepers } from './keepers.ts';
import type { GrayService, ReleaseRun } from './run.ts';

/** A person left the alias as somebody else set it: the release ends without touching it. Never leaves the workflow. */
export class Yielded extends Error {
  override readonly name = 'Yielded';
  readonly act: PersonsAct;
  /** Where the alias stands, for people. */
  readonly found: string;

  constructor(act: PersonsAct, found: string) {
    super(`the alias stays as it was set outside: ${found}`);
    this.act = act;
    this.found = found;
  }
}

/**
 * Waits for the person's word. Returns when the release may set the alias again, over what was found.
 *
 * @throws Yielded
 */
export async function settleOutside(run: ReleaseRun, service: GrayService, fault: Fault): Promise<void> {
  const { found, split } = fault.detail as OutsideChange;
  await askPerson(run, service, { reason: 'changed-outside', message: fault.message, found });
  service.expected = [...service.expected, split ?? null];
}

/**
 * A rollback that Function Compute refuses for good: the canary stays at its weight until a person has mended it (and
 * says take-over: it is tried again) or leaves it so.
 *
 * @throws Yielded
 */
export async function settleRefused(run: ReleaseRun, service: GrayService, fault: Fault): Promise<void> {
  const reason = fault.type === FAILURES.versionGone ? 'stable-gone' : 'rollback-refused';
  const found = 'the canary keeps its weight';
  const message = `cannot roll back: ${fault.message}; version ${service.canary} keeps its share. Take over to try again, or yield to leave it so`;
  await askPerson(run, service, { reason, message, found });
}

interface Asked {
  readonly reason: 'changed-outside' | 'stable-gone' | 'rollback-refused';
  readonly message: string;
  readonly found: string;
}

async function askPerson(
  run: ReleaseRun,
  service: GrayService,
  { reason, message, found }: Asked,
): Promise<void> {
  run.control = askOutside(run.control);
  run.record.emit({ type: 'paused', reason, actor: SLUICE, message });
  await condition(() => run.control.takenOver !== null || run.control.yielded !== null);
  const { takenOver, yielded } = run.control;
  if (takenOver === null && yielded !== null) {
    run.left.add(service.service);
    throw new Yielded(yielded, found);
  }
  run.control = leaveOutside(run.control);
  run.record.emit({ type: 'resumed', actor: takenOver?.actor ?? SLUICE });
  const { phase } = run.control;
  // A pause or a freeze outlasts the question.
  if (phase === 'running' && isKept(run.control) && patched('kept-after-take-over')) sayKeepers(run);
}
