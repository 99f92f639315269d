/** Smoke calls: the new version, by its number, must answer once in three tries before it gets any traffic. */
import { setTimeout as pause } from 'node:timers/promises';
import { FAILURES } from '../../domain/release/failures.ts';
import type { FcInvocation } from '../../fc/client.ts';
import { FcError } from '../../fc/errors.ts';
import { beating } from '../beating.ts';
import { openLog } from '../build/log-sink.ts';
import type { Activities } from '../contract.ts';
import { engineCall, finalFailure } from '../failure.ts';
import type { Parts } from '../parts.ts';
import { subjectOf } from '../release-subject.ts';

const TRIES = 3;
const PAUSE_MS = 300;
/** Characters of the function's own error document that are shown. */
const SHOWN = 1_000;

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
            const fault = faultOf(
              await call(() => fc.invoke(service, version, name, Buffer.from('{}'))),
              (line) => log.note(line),
            );
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

/** Refusals that say nothing of the function: a wrong key, clocks too far apart, too many requests. */
const NOT_ITS_FAULT: readonly number[] = [401, 403, 429];

/** An engine that does not answer, or denies access, is tried again by the activity's policy; other refusals stand. */
async function call(invoke: () => Promise<FcInvocation>): Promise<FcInvocation | FcError> {
  try {
    return await invoke();
  } catch (error) {
    if (
      error instanceof FcError &&
      error.status >= 400 &&
      error.status < 500 &&
      !NOT_ITS_FAULT.includes(error.status)
    )
      return error;
    // FC may have lost the call, or be away.
    return engineCall(() => Promise.reject(error as Error));
  }
}

/** `null` when the call went well. */
function faultOf(answer: FcInvocation | FcError, note: (line: string) => void): string | null {
  if (answer instanceof FcError) return `${answer.code}: ${answer.message}`;
  for (const line of answer.log.split('\n')) if (line.trim() !== '') note(`  ${line}`);
  if (answer.errorType === null) return null;
  return `${answer.errorType}: ${answer.body.toString('utf8').slice(0, SHOWN)}`;
}
