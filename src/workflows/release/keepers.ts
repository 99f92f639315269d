/** A pause by a person and a hold by a freeze may come together: the record says the one that is left. */
import { SLUICE, type Actor } from '../../domain/release/events.ts';
import { because } from '../../domain/release/words.ts';
import { isKept, type Control } from './control.ts';
import type { ReleaseRun } from './run.ts';

/** Tells the record who keeps the release now, or, where nobody does, who let it go. */
export function sayKeepers(run: ReleaseRun, by: Actor = SLUICE): void {
  const { paused, freeze } = run.control;
  if (paused !== null) {
    const { actor, comment } = paused;
    const message = `paused by ${actor.name}${because(comment)}`;
    run.record.emit({ type: 'paused', reason: 'person', actor, message });
  } else if (freeze !== null) {
    const { reason, until } = freeze;
    run.record.emit({ type: 'paused', reason: 'freeze', actor: SLUICE, message: reason, until });
  } else run.record.emit({ type: 'resumed', actor: by });
}

/** A freeze begins, changes or ends (`null`). What is ending already just ends. */
export function setFreeze(run: ReleaseRun, freeze: Control['freeze']): void {
  const { phase, stop } = run.control;
  const wasKept = isKept(run.control);
  run.control = { ...run.control, freeze };
  if (phase !== 'running' || stop !== null) return;
  if (wasKept || freeze !== null) sayKeepers(run);
}
