/** The lock of a service, waited for with heartbeats. */
import { setTimeout as pause } from 'node:timers/promises';
import { giveServiceLocksBack, takeServiceLock } from '../../store/service-locks.ts';
import { beating } from '../beating.ts';
import type { Activities } from '../contract.ts';
import type { Parts } from '../parts.ts';

const POLL_MS = 300;

export function lockActivities({ db }: Parts): Pick<Activities, 'takeLock' | 'giveLocksBack'> {
  return {
    takeLock: ({ holder, service, waitMs }) =>
      beating(async (signal) => {
        // Not by the clock of the wall, which may be set meanwhile.
        const deadline = performance.now() + waitMs;
        for (;;) {
          const lock = await takeServiceLock(db, service, holder);
          if (lock.held || performance.now() >= deadline) return lock;
          await pause(POLL_MS, undefined, { signal });
        }
      }),
    giveLocksBack: ({ holder }) => giveServiceLocksBack(db, holder),
  };
}
