/** What a pool of instances is made of, and what it tells its runner. */
import type { Revision } from '../invoke/contract.ts';
import type { LogSink } from '../logs/line.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { Capacity } from './capacity.ts';
import type { Pool } from './pool.ts';
import type { InstanceSettings } from './start.ts';
import type { Turns } from './turns.ts';

interface QueueLimits {
  /** Most calls of one revision that wait without an instance to count on. */
  readonly length: number;
  readonly waitMs: number;
}

export interface PoolOptions {
  readonly revision: Revision;
  readonly runtime: Runtime;
  readonly settings: InstanceSettings;
  readonly sink: LogSink;
  readonly capacity: Capacity;
  readonly queue: QueueLimits;
  readonly turns: Turns;
  /** A call has waited for its turn, or for a further one. */
  onOverdue(pool: Pool): void;
  /** An instance has nothing to do while calls of some function wait. */
  onIdle(): void;
  /** The pool holds nothing any more. */
  onEmpty(pool: Pool): void;
}
