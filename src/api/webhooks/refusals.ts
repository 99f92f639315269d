/**
 * Deliveries whose signature is wrong, in the audit: the first of a project and provider at once, those of the minute
 * after it together in one entry with their number. Whoever knows a project's name may send as many as the network
 * takes, and every entry of the audit is for ever.
 */
import { ensureError } from '../../platform/errors.ts';
import { addAudit } from '../../store/audit.ts';
import type { ApiParts } from '../parts.ts';

export interface Refusal {
  readonly project: string;
  readonly provider: string;
  /** As its header says; anybody may have written it. */
  readonly delivery: string;
}

export interface Refusals {
  /** Resolves when the refusal stands in the audit, or is counted. @throws where the database takes no entry */
  note(refusal: Refusal): Promise<void>;
  /** Writes what was counted and not written yet. */
  close(): Promise<void>;
}

interface Window {
  count: number;
  from: number;
  last: Refusal;
  timer: NodeJS.Timeout;
}

const MINUTE_MS = 60_000;

/** @param windowMs how long refusals are counted before they are written */
export function createRefusals({ db, log }: Pick<ApiParts, 'db' | 'log'>, windowMs = MINUTE_MS): Refusals {
  const windows = new Map<string, Window>();

  const write = (refusal: Refusal, more: object): Promise<unknown> =>
    addAudit(db, {
      actor: 'anonymous',
      role: 'none',
      action: 'webhook.deliver',
      target: `project:${refusal.project}`,
      outcome: 'signature-invalid',
      detail: { provider: refusal.provider, delivery: refusal.delivery.slice(0, 200), ...more },
    });

  async function writeCounted(window: Window): Promise<void> {
    const { count, from, last } = window;
    if (count === 0) return;
    window.count = 0;
    window.from = Date.now();
    const span = { from: new Date(from).toISOString(), until: new Date(window.from).toISOString() };
    await write(last, { count, ...span }).catch((error: unknown) => {
      // Of a minute that nobody could write, the next entry tells.
      window.count += count;
      window.from = from;
      log.warn({ err: ensureError(error), project: last.project }, 'refused deliveries could not be written');
    });
  }

  function open(key: string, last: Refusal): void {
    const timer = setInterval(() => {
      const window = windows.get(key);
      if (window && window.count > 0) return void writeCounted(window);
      clearInterval(timer);
      windows.delete(key);
    }, windowMs);
    timer.unref();
    windows.set(key, { count: 0, from: Date.now(), last, timer });
  }

  return {
    note: async (refusal) => {
      const key = `${refusal.provider} ${refusal.project}`;
      const window = windows.get(key);
      if (window) {
        window.count += 1;
        window.last = refusal;
        return;
      }
      open(key, refusal);
      try {
        await write(refusal, {});
      } catch (error) {
        clearInterval(windows.get(key)?.timer);
        windows.delete(key);
        throw error;
      }
    },
    close: async () => {
      for (const { timer } of windows.values()) clearInterval(timer);
      await Promise.all([...windows.values()].map(writeCounted));
      windows.clear();
    },
  };
}
