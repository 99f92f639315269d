/**
 * The release's own event counter. An event gets its number and time when it happens and is stored in that order, so
 * that nothing waits for PostgreSQL but who wants to: a rollback moves the traffic first and is written down after.
 */
import { CancellationScope, condition } from '@temporalio/workflow';
import type { NumberedEvent } from '../../activities/contract.ts';
import type { ReleaseEvent } from '../../domain/release/events.ts';
import { store } from '../proxies.ts';

/** Events stored by one activity at most; keeps its input small. */
const BATCH = 20;

export class Recorder {
  readonly #releaseId: string;
  readonly #waiting: NumberedEvent[] = [];
  #nextSeq: number;
  #storedSeq: number;
  #isStoring = false;

  constructor(releaseId: string, nextSeq: number) {
    this.#releaseId = releaseId;
    this.#nextSeq = nextSeq;
    this.#storedSeq = nextSeq - 1;
  }

  /** Takes the event in; it will be stored, also when the release is cancelled meanwhile. */
  emit(event: ReleaseEvent): void {
    this.#waiting.push({ seq: this.#nextSeq, at: Date.now(), event });
    this.#nextSeq += 1;
    if (this.#isStoring) return;
    this.#isStoring = true;
    void CancellationScope.nonCancellable(() => this.#storeAll());
  }

  /** Resolves when everything emitted until now is stored. */
  async flush(): Promise<void> {
    const last = this.#nextSeq - 1;
    await condition(() => this.#storedSeq >= last);
  }

  async #storeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting.splice(0, BATCH);
      await store.record({ releaseId: this.#releaseId, events });
      this.#storedSeq = events.at(-1)?.seq ?? this.#storedSeq;
    }
    this.#isStoring = false;
  }
}
