/** A failed release once more: what was done is kept, and the lane decides when it is its turn. */
import { ACT_ROLES } from '../domain/release/act-roles.ts';
import { findQuarantined, sayQuarantined } from '../store/quarantine.ts';
import type { Release } from '../store/releases.ts';
import { retryRelease, type RetryAnswer } from '../store/retries.ts';
import { audited } from './auth/audited.ts';
import { actorOf, requireRole, type Principal } from './auth/principal.ts';
import type { ApiParts } from './parts.ts';
import { Problem } from './problem.ts';
import type { ActOutcomeView } from './schema/release.ts';

/** @throws Problem 403 and 409 */
export async function retry(
  parts: ApiParts,
  principal: Principal,
  release: Release,
  comment: string,
): Promise<ActOutcomeView> {
  const { id, project, environment, commit } = release;
  const act = { principal, action: 'release.retry', target: `release:${id}`, detail: { comment } };
  return audited(parts, act, async (record) => {
    requireRole(principal, ACT_ROLES.retry);
    const quarantined = await findQuarantined(parts.db, { project, environment, commit });
    if (quarantined)
      throw new Problem({ status: 409, code: 'quarantined', detail: sayQuarantined(quarantined) });
    const answer = await parts.db.transaction().execute(async (tx) => {
      const made = await retryRelease(tx, { releaseId: id, actor: actorOf(principal), comment });
      if (made.kind === 'queued') await record(tx, { attempt: made.attempt });
      return made;
    });
    if (answer.kind !== 'queued') throw refusal(answer, release);
    return { release: id, environment: null, pending: false, outcome: `queued, try ${answer.attempt}` };
  });
}

function refusal(answer: Exclude<RetryAnswer, { readonly kind: 'queued' }>, release: Release): Problem {
  switch (answer.kind) {
    case 'still-ending':
      return conflict('still-ending', 'the release is still being reported; try again in a moment');
    case 'newer-released':
      return conflict(
        'newer-released',
        `release ${answer.number} was promoted since; push again, or start the commit by hand`,
      );
    case 'newer-under-way':
      return conflict(
        'newer-under-way',
        `release ${answer.number} is newer and under way; wait for its end, or push again`,
      );
    case 'not-failed':
      return conflict(
        'not-failed',
        release.dryRun
          ? 'a dry run is not tried again; start another one'
          : `only a release that failed can be tried again; this one is ${release.progress.state}`,
      );
  }
}

function conflict(code: string, detail: string): Problem {
  return new Problem({ status: 409, code, detail });
}
