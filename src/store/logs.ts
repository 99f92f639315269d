/** Logs of a release's stages, line by line, as they came. */
import type { Db } from './store.ts';

/** What a process wrote, or Sluice itself (`note`). */
export type LogStream = 'stdout' | 'stderr' | 'note';

export interface LogLine {
  readonly stage: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly stream: LogStream;
  readonly line: string;
}

export interface StoredLogLine extends LogLine {
  /** Rises within a release; a reader goes on after it. */
  readonly id: number;
}

/** Stores many lines in one statement, in order. */
export async function addLogLines(db: Db, releaseId: string, lines: readonly LogLine[]): Promise<void> {
  if (lines.length === 0) return;
  await db
    .insertInto('release_logs')
    .values(
      lines.map((line) => ({
        release_id: releaseId,
        stage: line.stage,
        at: new Date(line.at),
        stream: line.stream,
        // PostgreSQL text cannot hold NUL; a build that prints one must not lose its log.
        line: line.line.replaceAll('\u0000', '\uFFFD'),
      })),
    )
    .execute();
}

/** Lines after `afterId`, oldest first. */
export async function listLogLines(
  db: Db,
  releaseId: string,
  { afterId, limit }: { readonly afterId: number; readonly limit: number },
): Promise<StoredLogLine[]> {
  const rows = await db
    .selectFrom('release_logs')
    .selectAll()
    .where('release_id', '=', releaseId)
    .where('id', '>', String(afterId))
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: Number(row.id),
    stage: row.stage,
    at: row.at.getTime(),
    stream: row.stream as LogStream,
    line: row.line,
  }));
}
