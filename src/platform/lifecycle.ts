/**
 * Orderly starts and ends: a process says once that it is up; it registers what to close, a signal closes that in
 * reverse order, then the process exits 0.
 */
import type { Logger } from './log.ts';

export interface Lifecycle {
  /** Registers something to close; closed in reverse order of registration. */
  onClose(name: string, close: () => Promise<void> | void): void;
  /** Closes everything once; later calls wait for the same closing. */
  close(): Promise<void>;
}

/** The message a supervised process sends to its supervisor when it does its work. */
export interface ReadyMessage {
  readonly type: 'ready';
}

/** Tells the supervisor that this process is up; without a supervisor nothing happens. */
export function announceReady(): void {
  process.send?.({ type: 'ready' } satisfies ReadyMessage);
}

/**
 * Closes on SIGTERM, on SIGINT and when the supervisor is gone (its IPC channel breaks, also by kill -9, so that
 * nothing is left behind), and gives up after `forceMs` with exit code 1.
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
  function end(): void {
    setTimeout(() => process.exit(1), forceMs).unref();
    void close().then(() => process.exit(0));
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, end);
  // The supervisor may have died while this process still loaded its code; nobody says so again.
  if (process.send !== undefined && !process.connected) end();
  return {
    onClose: (name, closer) => void closers.push({ name, close: closer }),
    close,
  };
}
