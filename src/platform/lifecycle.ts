/** Orderly ends: a process registers what to close, a signal closes it in reverse order, then the process exits 0. */
import type { Logger } from './log.ts';

export interface Lifecycle {
  /** Registers something to close; closed in reverse order of registration. */
  onClose(name: string, close: () => Promise<void> | void): void;
  /** Closes everything once; later calls wait for the same closing. */
  close(): Promise<void>;
}

/**
 * Closes on SIGTERM and SIGINT, and gives up after `forceMs` with exit code 1.
 *
 * @param forceMs longest drain in milliseconds; keep it below the supervisor's own limit
 */
export function createLifecycle(log: Logger, forceMs: number): Lifecycle {
  const closers: { name: string; close: () => Promise<void> | void }[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (const { name, close } of closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        log.error({ err: error }, `closing ${name} failed`);
      }
    }
  }
  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      setTimeout(() => process.exit(1), forceMs).unref();
      void close().then(() => process.exit(0));
    });
  }
  return {
    onClose: (name, closer) => void closers.push({ name, close: closer }),
    close,
  };
}
