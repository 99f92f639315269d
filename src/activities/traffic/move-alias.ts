/**
 * Moves one alias, conditional on what stands there: a change that somebody else made is found, never overwritten.
 * Where the alias is at the target already (an earlier try got through, its answer was lost) nothing is written.
 */
import { FAILURES } from '../../domain/release/failures.ts';
import { describeSplit, graySplit, sameSplit, type Split } from '../../domain/release/split.ts';
import type { FcClient, Tagged, FcAlias } from '../../fc/client.ts';
import { FcError } from '../../fc/errors.ts';
import { saveAliasState } from '../../store/alias-states.ts';
import { newestOverride, type Override } from '../../store/overrides.ts';
import { beating } from '../beating.ts';
import type { Activities, AliasMove } from '../contract.ts';
import { splitOf, targetOf } from '../deploy/live.ts';
import { engineCall, finalFailure } from '../failure.ts';
import type { Parts } from '../parts.ts';

/** A write that meets another writer is tried again with what that one left; more often is a fight. */
const ROUNDS = 5;
/** Versions looked through for an older one. */
const MOST_VERSIONS = 100;

export function moveActivities(parts: Parts): Pick<Activities, 'moveAlias'> {
  const { db, fc } = parts;
  return {
    moveAlias: (move) =>
      beating(async () => {
        const { service, alias, stable, canary, weight } = move;
        const target = graySplit(stable, canary, weight);
        const isExpected = (found: Split | null): boolean =>
          move.expected.some((one) =>
            one === null || found === null ? one === found : sameSplit(one, found),
          );
        const outside = await engineCall(() => setAlias(fc, { service, alias, target, isExpected })).catch(
          async (error: unknown) => {
            throw (await versionGone(fc, move, target)) ?? error;
          },
        );
        if (outside !== null) throw await changedFailure(parts, move, outside.found);
        await saveAliasState(db, {
          service,
          alias,
          project: move.project,
          environment: move.environment,
          releaseId: move.releaseId,
          ...stateAt(stable, canary, weight),
        });
      }),
  };
}

export interface AliasSetting {
  readonly service: string;
  readonly alias: string;
  readonly target: Split;
  /** Whether what stands there may be overwritten; `null` = there is no such alias. */
  readonly isExpected: (found: Split | null) => boolean | Promise<boolean>;
}

/** Sets the alias. @returns `null`, or what was found where that may not be overwritten. */
export async function setAlias(
  fc: FcClient,
  { service, alias, target, isExpected }: AliasSetting,
): Promise<{ readonly found: Split | null } | null> {
  for (let round = 1; ; round += 1) {
    const present = await fc.getAlias(service, alias);
    const found = present === null ? null : splitOf(present.value);
    if (found !== null && sameSplit(found, target)) return null;
    // Asked after the read: a writer who records first and writes then is seen here, or changes the ETag.
    if (!(await isExpected(found))) return { found };
    try {
      await write(fc, service, alias, present, target);
      return null;
    } catch (error) {
      // Changed (412), created (409) or deleted (404) since it was read: look again.
      const isRace = error instanceof FcError && [404, 409, 412].includes(error.status);
      if (!isRace || round >= ROUNDS) throw error;
    }
  }
}

async function write(
  fc: FcClient,
  service: string,
  alias: string,
  present: Tagged<FcAlias> | null,
  target: Split,
): Promise<void> {
  if (present === null) await fc.createAlias(service, alias, targetOf(target));
  else await fc.updateAlias(service, alias, targetOf(target), present.etag);
}

/** The failure that says it, where the version that shall have the traffic does not exist any more; else `null`. */
async function versionGone(
  fc: FcClient,
  { service, canary }: AliasMove,
  { main }: Split,
): Promise<Error | null> {
  try {
    if ((await fc.getService(service, main)) !== null) return null;
    const versions = await fc.listVersions(service, MOST_VERSIONS);
    // Versions between it and the new one were taken back: they are no way out.
    const older =
      versions.map(({ versionId }) => versionId).find((id) => id !== canary && Number(id) < Number(main)) ??
      null;
    return finalFailure(
      FAILURES.versionGone,
      `version ${main} of ${service} does not exist any more${older === null ? ', nor an older one' : `; the newest before it is ${older}`}`,
      { version: main, older },
    );
  } catch {
    // What the move itself met is what counts.
    return null;
  }
}

/** How the table of aliases says it: who stands alone is stable. */
function stateAt(
  stable: string | null,
  canary: string,
  weight: number,
): { readonly stable: string; readonly canary: string | null; readonly weight: number } {
  if (stable === null || weight >= 1) return { stable: canary, canary: null, weight: 0 };
  if (weight <= 0) return { stable, canary: null, weight: 0 };
  return { stable, canary, weight };
}

/** A person's recorded override is an answer; anything else is a question. */
async function changedFailure({ db }: Parts, move: AliasMove, found: Split | null): Promise<Error> {
  const { service, alias, sinceMs } = move;
  const override = await newestOverride(db, { service, alias, sinceMs });
  if (override && found !== null && found.additional === null && found.main === override.toVersion)
    return overriddenFailure(override);
  const say = (split: Split | null): string => (split === null ? 'no such alias' : describeSplit(split));
  const expected = move.expected.map(say).join(' or ');
  return finalFailure(
    FAILURES.changedOutside,
    `alias ${alias} of ${service} was changed by somebody else: expected ${expected}, found ${say(found)}`,
    { expected, found: say(found), split: found },
  );
}

/** A person moved the alias past the workflow: final, and it says who, why and to which version. */
export function overriddenFailure({ service, alias, actor, comment, toVersion: version }: Override): Error {
  return finalFailure(
    FAILURES.overridden,
    `${actor} set alias ${alias} of ${service} to version ${version}`,
    {
      actor,
      comment,
      version,
    },
  );
}
