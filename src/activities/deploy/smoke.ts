/** Smoke calls: the new version, by its number, must answer once in three tries before it gets any traffic. */
import { setTimeout as pause } from 'node:timers/promises';
import { FAILURES } from '../../domain/release/failures.ts';
import { beating } from '../beating.ts';
import { openLog } from '../build/log-sink.ts';
import type { Activities } from '../contract.ts';
import { finalFailure } from '../failure.ts';
import { faultIn, invocation } from '../invocation.ts';
import type { Parts } from '../parts.ts';
import { subjectOf } from '../release-subject.ts';

const TRIES = 3;
const PAUSE_MS = 300;

export function smokeActivities(parts: Parts): Pick<Activities, 'smoke'> {
  const { db, slowFc: fc } = parts;
  return {
    smoke: ({ releaseId, service, function: name, version }) =>
      beating(async (signal) => {
        const log = await openLog(parts, await subjectOf(db, releaseId), 'verify');
        const faults: string[] = [];
        try {
          while (faults.length < TRIES) {
            if (faults.length > 0) await pause(PAUSE_MS, undefined, { signal });
            const startedAt = Date.now();
            const answer = await invocation(() => fc.invoke(service, version, name, Buffer.from('{}')));
            const fault = faultIn(answer, (line) => log.note(line));
            if (fault === null) {
              const took = `${Date.now() - startedAt} ms`;
              log.note(`${service}/${name} version ${version} answered in ${took}`);
              return { summary: `${service}/${name} answered in ${took}` };
            }
            log.note(`${service}/${name} version ${version}: ${fault}`);
            faults.push(fault);
          }
          const last = log.mask(faults.at(-1) ?? '');
          throw finalFailure(
            FAILURES.verifyFailed,
            `version ${version} of ${service}/${name} failed ${TRIES} smoke calls: ${last}`,
            { logTail: log.tail() },
          );
        } finally {
          await log.close();
        }
      }),
  };
}
