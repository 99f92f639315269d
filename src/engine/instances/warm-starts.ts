/**
 * Starts of instances that nobody waits for: after a failed one the next waits, longer each time, so that a function
 * which cannot start does not keep a processor busy.
 */
import { randomUUID } from 'node:crypto';
import type { Revision } from '../invoke/contract.ts';
import { Call } from './call.ts';
import type { FinalFailure } from './start-up.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export class WarmStarts {
  /** Why the newest start failed; empty when it did not. */
  error = '';
  readonly #onAllowed: () => void;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;

  /** @param onAllowed after a pause: starts may be tried again */
  constructor(onAllowed: () => void) {
    this.#onAllowed = onAllowed;
  }

  get allowed(): boolean {
    return this.#timer === undefined;
  }

  succeeded(): void {
    this.error = '';
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  failed(failure: FinalFailure): void {
    this.error = failure.kind === 'refused' ? failure.error.message : failure.result.body.toString('utf8');
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onAllowed();
    }, this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** What failed before may go well under new settings. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.succeeded();
  }
}

/** Stands for the call that other instances start for: an id for the log (runtimes.md §13), and nobody who waits. */
export function warmStarter(revision: Revision, qualifier: string): Call {
  const nobody = (): void => undefined;
  const invocation = {
    requestId: randomUUID(),
    qualifier,
    payload: Buffer.alloc(0),
    wantsLog: false,
    retryCount: 0,
    isProbe: false,
  };
  return new Call(revision, invocation, nobody, nobody, undefined);
}
