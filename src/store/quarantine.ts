/**
 * Commits that were taken back from an environment. A row follows from what happened to a release, in the
 * transaction that stores it; no push releases such a commit again until somebody lifts the row, or lets a release of
 * it through by hand and that one is promoted.
 */
import { sql, type Selectable } from 'kysely';
import { SLUICE, type ReleaseEvent } from '../domain/release/events.ts';
import { because } from '../domain/release/words.ts';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export type QuarantineReason = 'harmful' | 'bake' | 'person' | 'rejected';

export interface Quarantined {
  readonly id: number;
  readonly project: string;
  readonly environment: string;
  readonly commit: string;
  /** Release that was taken back. */
  readonly releaseId: string;
  /** Its number within the project. */
  readonly releaseNumber: number;
  readonly reason: QuarantineReason;
  /** Why, for people. */
  readonly sentence: string;
  /** Who did it; `Sluice` for the judge. */
  readonly actor: string;
  /** Unix milliseconds. */
  readonly at: number;
}

interface Place {
  readonly project: string;
  readonly environment: string;
}

/** The commit's open row in an environment, or `undefined`. */
export async function findQuarantined(
  db: Db,
  { project, environment, commit }: Place & { readonly commit: string },
): Promise<Quarantined | undefined> {
  const row = await openRows(db)
    .where('q.project', '=', project)
    .where('q.environment', '=', environment)
    .where('q.commit', '=', commit)
    .executeTakeFirst();
  return row && toQuarantined(row);
}

/** An open row by its id, or `undefined`. */
export async function findQuarantineRow(db: Db, id: number): Promise<Quarantined | undefined> {
  const row = await openRows(db).where('q.id', '=', String(id)).executeTakeFirst();
  return row && toQuarantined(row);
}

/** Open rows, newest first. */
export async function listQuarantined(
  db: Db,
  filter: {
    readonly project?: string | undefined;
    readonly environment?: string | undefined;
    readonly commit?: string | undefined;
  },
): Promise<Quarantined[]> {
  const rows = await openRows(db)
    .$if(filter.project !== undefined, (q) => q.where('q.project', '=', filter.project ?? ''))
    .$if(filter.environment !== undefined, (q) => q.where('q.environment', '=', filter.environment ?? ''))
    .$if(filter.commit !== undefined, (q) => q.where('q.commit', '=', filter.commit ?? ''))
    .orderBy('q.id', 'desc')
    .execute();
  return rows.map(toQuarantined);
}

/** Lets a commit go again. @returns false when no open row has this id */
export async function liftQuarantine(
  db: Db,
  { id, by, comment }: { readonly id: number; readonly by: string; readonly comment: string },
): Promise<boolean> {
  const row = await db
    .updateTable('quarantine')
    .set({ lifted_at: new Date(), lifted_by: by, lifted_comment: comment })
    .where('id', '=', String(id))
    .where('lifted_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Id of the commit's newest row, open or lifted; 0 where it never had one. A push after a lift is a new push. */
export async function newestQuarantineId(
  db: Db,
  { project, environment, commit }: Place & { readonly commit: string },
): Promise<number> {
  const row = await db
    .selectFrom('quarantine')
    .select((e) => e.fn.max('id').as('id'))
    .where('project', '=', project)
    .where('environment', '=', environment)
    .where('commit', '=', commit)
    .executeTakeFirst();
  return Number(row?.id ?? 0);
}

/** What an event of a release means for its commit: taken back puts it in, promoted takes it out. */
export async function followQuarantine(db: Db, releaseId: string, event: ReleaseEvent): Promise<void> {
  if (event.type === 'promoted') {
    await sql`
      update quarantine set lifted_at = now(), lifted_by = ${`release ${releaseId}`}, lifted_comment = 'promoted'
      from releases r
      where r.id = ${releaseId} and quarantine.project = r.project and quarantine.environment = r.environment
        and quarantine.commit = r.commit and quarantine.lifted_at is null`.execute(db);
    return;
  }
  const fault = faultOf(event);
  if (fault !== null) await quarantineRelease(db, { releaseId, ...fault });
}

/** Puts a release's commit in; a commit that is in already stays as it is. */
export async function quarantineRelease(
  db: Db,
  {
    releaseId,
    reason,
    sentence,
    actor,
  }: {
    readonly releaseId: string;
    readonly reason: QuarantineReason;
    readonly sentence: string;
    readonly actor: string;
  },
): Promise<void> {
  await sql`
    insert into quarantine (project, environment, commit, release_id, reason, sentence, actor)
    select project, environment, commit, id, ${reason}, ${sentence}, ${actor} from releases where id = ${releaseId}
    on conflict do nothing`.execute(db);
}

/**
 * A person left versions of a service for another one: the commits of the newer ones go in. Going forward puts
 * nothing in, and a commit that the chosen version was made of stays free.
 */
export async function quarantineLeft(
  db: Db,
  input: Place & {
    readonly service: string;
    readonly left: readonly string[];
    readonly toVersion: string;
    readonly actor: string;
    readonly comment: string;
  },
): Promise<void> {
  const newer = input.left.filter((version) => Number(version) > Number(input.toVersion));
  if (newer.length === 0) return;
  const rows = await db
    .selectFrom('publications as p')
    .innerJoin('releases as r', 'r.id', 'p.release_id')
    .select(['r.id', 'r.commit', 'p.version'])
    .where('p.service', '=', input.service)
    .where('p.version', 'in', [...newer, input.toVersion])
    .where('r.project', '=', input.project)
    .where('r.environment', '=', input.environment)
    .orderBy('r.id', 'desc')
    .execute();
  const kept = new Set(rows.filter((row) => row.version === input.toVersion).map((row) => row.commit));
  for (const row of rows)
    if (!kept.has(row.commit))
      await quarantineRelease(db, {
        releaseId: row.id,
        reason: 'person',
        sentence: `${input.actor} went back to version ${input.toVersion} of ${input.service}${because(input.comment)}`,
        actor: input.actor,
      });
}

/** One sentence for whoever wants to release such a commit. */
export function sayQuarantined({
  commit,
  environment,
  releaseId,
  releaseNumber,
  reason,
  sentence,
}: Quarantined): string {
  const how = reason === 'rejected' ? 'rejected' : 'rolled back';
  return `commit ${commit.slice(0, 12)} is in quarantine in ${environment}: release ${releaseNumber} (${releaseId}) was ${how}: ${sentence}`;
}

function faultOf(
  event: ReleaseEvent,
): { readonly reason: QuarantineReason; readonly sentence: string; readonly actor: string } | null {
  if (event.type === 'rejected')
    return { reason: 'rejected', sentence: event.sentence, actor: event.actor.name };
  if (event.type !== 'rolled-back') return null;
  const { cause, sentence } = event;
  switch (cause) {
    case 'harmful':
    case 'bake':
    case 'rejected':
      return { reason: cause, sentence, actor: SLUICE.name };
    case 'person':
      // Which commits a person left is the override's to say: going forward leaves none.
      return null;
    case 'aborted':
    case 'approval-timeout':
    case 'superseded':
    case 'freeze':
    case 'stage-failed':
      // Nobody said that the commit is bad.
      return null;
  }
}

function openRows(db: Db) {
  return db
    .selectFrom('quarantine as q')
    .innerJoin('releases as r', 'r.id', 'q.release_id')
    .selectAll('q')
    .select('r.number')
    .where('q.lifted_at', 'is', null);
}

function toQuarantined(row: Selectable<Tables['quarantine']> & { readonly number: number }): Quarantined {
  return {
    id: Number(row.id),
    project: row.project,
    environment: row.environment,
    commit: row.commit,
    releaseId: row.release_id,
    releaseNumber: row.number,
    reason: row.reason,
    sentence: row.sentence,
    actor: row.actor,
    at: row.at.getTime(),
  };
}
