/** A failed release is handed to its lane once more, under its own id and with its own history. */
import type { Actor } from '../domain/release/events.ts';
import { recordEvent } from './events.ts';
import { handOverAgain } from './outbox.ts';
import { ACTIVE_STATES, findRelease } from './releases.ts';
import type { Db } from './store.ts';

export type RetryAnswer =
  | { readonly kind: 'queued'; readonly attempt: number }
  /** Its last events are still being written. */
  | { readonly kind: 'still-ending' }
  | { readonly kind: 'not-failed' }
  /** A newer release of the environment is live, or under way to it: this one would take it back. */
  | { readonly kind: 'newer-released' | 'newer-under-way'; readonly number: number };

/** In the caller's transaction. Of two who ask at once, the second finds it queued. */
export async function retryRelease(
  tx: Db,
  {
    releaseId,
    actor,
    comment,
  }: { readonly releaseId: string; readonly actor: Actor; readonly comment: string },
): Promise<RetryAnswer> {
  await tx.selectFrom('releases').select('id').where('id', '=', releaseId).forUpdate().execute();
  const release = await findRelease(tx, releaseId);
  const isRetryable =
    release?.progress.state === 'failed' ||
    (release?.progress.state === 'rolled-back' && release.progress.rollbackCause === 'stage-failed');
  if (!release || !isRetryable || release.dryRun) return { kind: 'not-failed' };
  const { project, environment, number, progress, seq } = release;
  // The report of an earlier try says nothing of this one's end.
  const reported = progress.stages.find(({ stage, state }) => stage === 'report' && state !== 'running');
  if (reported === undefined || reported.startedAt < (progress.endedAt ?? 0)) return { kind: 'still-ending' };
  const newer = await tx
    .selectFrom('releases')
    .select(['number', 'state'])
    .where('project', '=', project)
    .where('environment', '=', environment)
    .where('number', '>', number)
    .where('state', 'in', ['promoted', ...ACTIVE_STATES])
    .where('dry_run', '=', false)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (newer)
    return {
      kind: newer.state === 'promoted' ? 'newer-released' : 'newer-under-way',
      number: newer.number,
    };
  const attempt = progress.attempt + 1;
  const event = { type: 'retried', attempt, actor, comment } as const;
  await recordEvent(tx, { releaseId, seq: seq + 1, at: Date.now(), event });
  await handOverAgain(tx, { releaseId, attempt, nextSeq: seq + 2 });
  return { kind: 'queued', attempt };
}
