/** A person's rollback of one service: the alias to a version that exists, whatever stands there, and who did it. */
import { FAILURES } from '../../domain/release/failures.ts';
import { because } from '../../domain/release/words.ts';
import { alone, describeSplit, sameSplit, type Split } from '../../domain/release/split.ts';
import { listAliasStates, saveAliasState } from '../../store/alias-states.ts';
import { addOverride, overrideAfter } from '../../store/overrides.ts';
import { quarantineRelease } from '../../store/quarantine.ts';
import { beating } from '../beating.ts';
import type { Activities } from '../contract.ts';
import { splitOf } from '../deploy/live.ts';
import { engineCall, finalFailure } from '../failure.ts';
import type { Parts } from '../parts.ts';
import { setAlias } from './move-alias.ts';

export function rollBackActivities({ db, fc }: Parts): Pick<Activities, 'rollBackTo'> {
  return {
    rollBackTo: (input) =>
      beating(async () => {
        const { project, environment, service, version, actor, comment, afterOverride, stopped } = input;
        const states = await listAliasStates(db, { project, environment });
        const state = states.find((one) => one.service === service);
        if (!state)
          throw finalFailure(
            FAILURES.invalid,
            `${project}.${environment} has no service ${service}; it has ${states.map((one) => one.service).join(', ') || 'none'}`,
          );
        const { alias } = state;
        const functions = await engineCall(async () => {
          if ((await fc.getService(service, version)) === null) return null;
          return (await fc.listFunctions(service, version)).map(({ functionName }) => functionName);
        });
        if (functions === null)
          throw finalFailure(FAILURES.invalid, `service ${service} has no version ${version}`);
        const before = await engineCall(() => fc.getAlias(service, alias));
        // A request that lay about while no worker ran must not undo what people decided since.
        const laterOverride = () => overrideAfter(db, { service, alias, afterId: afterOverride });
        // Sluice itself takes back what it found harmful, and nothing else: it may be somebody else's by now.
        const isLeft = (found: Split | null): boolean =>
          input.left === undefined || (found !== null && sameSplit(found, alone(input.left)));
        const isExpected = async (found: Split | null): Promise<boolean> =>
          isLeft(found) && ((await laterOverride())?.toVersion ?? version) === version;
        const outside = await engineCall(() =>
          setAlias(fc, { service, alias, target: alone(version), isExpected }),
        );
        if (outside !== null && !isLeft(outside.found))
          throw finalFailure(
            FAILURES.changedOutside,
            `alias ${alias} of ${service} is not at version ${input.left ?? ''} alone any more: ${outside.found === null ? 'no such alias' : describeSplit(outside.found)}; it stays so`,
          );
        if (outside !== null) {
          const later = await laterOverride();
          throw finalFailure(
            FAILURES.overridden,
            `${later?.actor ?? 'somebody'} set alias ${alias} of ${service} to version ${later?.toVersion ?? ''} after this was asked for`,
            { actor: later?.actor, comment: later?.comment, version: later?.toVersion },
          );
        }
        const from = before === null ? null : splitOf(before.value);
        // What the table says too: a try that died after the move finds the alias at its target already.
        const left = [from?.main, from?.additional?.version, state.stable, state.canary];
        await db.transaction().execute(async (tx) => {
          await saveAliasState(tx, {
            service,
            alias,
            project,
            environment,
            stable: version,
            canary: null,
            weight: 0,
            releaseId: null,
          });
          await addOverride(
            tx,
            { project, environment, service, alias, from: from ?? {}, toVersion: version, actor, comment },
            input.left !== undefined ? [] : left.filter((one) => one !== undefined && one !== null),
          );
          if (stopped)
            await quarantineRelease(tx, {
              releaseId: stopped,
              reason: 'person',
              sentence: `${actor} went back to version ${version} of ${service}${because(comment)}`,
              actor,
            });
        });
        return { functions, alias, left: left.find((one) => one && one !== version) ?? null };
      }),
  };
}
