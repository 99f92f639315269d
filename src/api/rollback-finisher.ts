/** Goes on with rollbacks that an API carried out itself and did not bring to their end, because it died on the way. */
import { setTimeout as pause } from 'node:timers/promises';
import { ensureError } from '../platform/errors.ts';
import { claimRollbackIntents } from '../store/rollback-intents.ts';
import type { ApiParts } from './parts.ts';
import { goOnRollingBack, ROLLBACK_LEASE_MS } from './rollback-by-api.ts';

const LOOK_MS = 2_000;
const AT_ONCE = 10;

/** Looks for them until closed; `close` waits for what is under way. */
export function startRollbackFinisher(parts: Pick<ApiParts, 'db' | 'fc' | 'log'>): {
  close(): Promise<void>;
} {
  const ended = new AbortController();
  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      try {
        await finishRollbacks(parts);
      } catch (error) {
        parts.log.warn({ err: ensureError(error) }, 'rollbacks that wait for their end could not be read');
      }
      await pause(LOOK_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }
  const running = run();
  return {
    close: async () => {
      ended.abort();
      await running;
    },
  };
}

/** One look. */
export async function finishRollbacks(parts: Pick<ApiParts, 'db' | 'fc' | 'log'>): Promise<void> {
  const intents = await claimRollbackIntents(parts.db, { limit: AT_ONCE, leaseMs: ROLLBACK_LEASE_MS });
  for (const intent of intents) {
    const { releaseId } = intent;
    try {
      await goOnRollingBack(parts, intent);
      parts.log.info({ releaseId }, 'a rollback that was left on the way is done');
    } catch (error) {
      parts.log.warn(
        { err: ensureError(error), releaseId },
        'a rollback that was left on the way could not be done',
      );
    }
  }
}
