/**
 * Keeps the series in PostgreSQL: changed rows only, about each second and at the end. A killed engine loses at most
 * what it counted since then; while the database is away the counts wait in memory.
 */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import { RING_KEEP_MS, type LatencyCounts } from '../../domain/metrics/ring.ts';
import type { Logger } from '../../platform/log.ts';
import type { EngineTables } from '../catalog/tables.ts';
import type { Series, SeriesKey, StoredSeries } from './series.ts';
import type { SeriesRegistry } from './series-registry.ts';

const FLUSH_PAUSE_MS = 1_000;
const PRUNE_EVERY_MS = 60_000;

export interface SeriesStore {
  /** Stores what changed; throws where the database does not take it, and keeps it for the next time. */
  flush(): Promise<void>;
  /** Ends the regular flushing after a last one. */
  close(): Promise<void>;
}

/** Reads what is stored of the last two hours. */
export async function loadSeries(db: Kysely<EngineTables>, now: number): Promise<StoredSeries[]> {
  const oldest = new Date(now - RING_KEEP_MS);
  const series = await db.selectFrom('series').selectAll().execute();
  const counts = await db
    .selectFrom('series_counts')
    .selectAll()
    .where('at', '>=', oldest)
    .orderBy('at')
    .execute();
  const latencies = await db
    .selectFrom('series_latencies')
    .selectAll()
    .where('at', '>=', oldest)
    .orderBy('at')
    .execute();
  const byId = new Map(
    series.map((row) => [
      row.id,
      {
        service: row.service,
        function: row.function,
        qualifier: row.qualifier,
        version: row.version,
        totals: {
          requests: Number(row.requests),
          failures: Number(row.failures),
          coldStarts: Number(row.cold_starts),
        },
        consecutiveFailures: Number(row.consecutive_failures),
        buckets: [] as StoredSeries['buckets'][number][],
        latencies: [] as StoredSeries['latencies'][number][],
      },
    ]),
  );
  for (const row of counts)
    byId.get(row.series_id)?.buckets.push({
      at: row.at.getTime(),
      requests: row.requests,
      failures: row.failures,
      coldStarts: row.cold_starts,
    });
  for (const row of latencies)
    byId.get(row.series_id)?.latencies.push({
      at: row.at.getTime(),
      warm: countsOf(row.warm),
      cold: countsOf(row.cold),
    });
  return [...byId.values()];
}

/** Starts storing `registry` regularly. */
export function startSeriesStore(
  db: Kysely<EngineTables>,
  registry: SeriesRegistry,
  now: () => number,
  log: Logger,
): SeriesStore {
  let prunedAt = 0;
  let isFailing = false;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function flushOnce(): Promise<void> {
    const dropped = registry.takeDropped();
    const changes: [Series, StoredSeries][] = [];
    for (const series of registry.all()) {
      const change = series.takeChanges();
      if (change) changes.push([series, change]);
    }
    const isTimeToPrune = now() - prunedAt >= PRUNE_EVERY_MS;
    try {
      await write(
        db,
        dropped,
        changes.map(([, change]) => change),
      );
      if (isTimeToPrune) {
        await prune(db, now());
        prunedAt = now();
      }
    } catch (error) {
      registry.restoreDropped(dropped);
      for (const [series, change] of changes) series.restoreChanges(change);
      throw error;
    }
  }

  /** One at a time: two would write the same rows in different order. */
  function flush(): Promise<void> {
    const turn = running.catch(() => undefined).then(flushOnce);
    running = turn;
    return turn;
  }

  async function flushRegularly(): Promise<void> {
    try {
      await flush();
      if (isFailing) log.info('counters are stored again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'counters cannot be stored; they wait in memory');
      isFailing = true;
    }
    schedule();
  }

  function schedule(): void {
    if (isClosed) return;
    timer = setTimeout(() => void flushRegularly(), FLUSH_PAUSE_MS);
    timer.unref();
  }

  schedule();
  return {
    flush,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await flush();
    },
  };
}

async function write(
  db: Kysely<EngineTables>,
  dropped: readonly SeriesKey[],
  changes: readonly StoredSeries[],
): Promise<void> {
  if (dropped.length === 0 && changes.length === 0) return;
  const counts = changes.flatMap((change) =>
    change.buckets.map((bucket) => ({ ...keyOf(change), ...bucket, at: timeOf(bucket.at) })),
  );
  const latencies = changes.flatMap((change) =>
    change.latencies.map(({ at, warm, cold }) => ({
      ...keyOf(change),
      at: timeOf(at),
      warm: Object.fromEntries(warm),
      cold: Object.fromEntries(cold),
    })),
  );
  await db.transaction().execute(async (rows) => {
    await sql`
      delete from series s using ${table(dropped)} as x(service text, function text, qualifier text, version text)
      where (s.service, s.function, s.qualifier, s.version) = (x.service, x.function, x.qualifier, x.version)
    `.execute(rows);
    await sql`
      insert into series (service, function, qualifier, version, requests, failures, cold_starts, consecutive_failures)
      select x.service, x.function, x.qualifier, x.version, x.requests, x.failures, x."coldStarts", x."consecutiveFailures"
      from ${table(changes.map((change) => ({ ...keyOf(change), ...change.totals, consecutiveFailures: change.consecutiveFailures })))}
        as x(service text, function text, qualifier text, version text,
             requests bigint, failures bigint, "coldStarts" bigint, "consecutiveFailures" bigint)
      on conflict (service, function, qualifier, version) do update set requests = excluded.requests,
        failures = excluded.failures, cold_starts = excluded.cold_starts,
        consecutive_failures = excluded.consecutive_failures
    `.execute(rows);
    await sql`
      insert into series_counts (series_id, at, requests, failures, cold_starts)
      select s.id, x.at, x.requests, x.failures, x."coldStarts"
      from ${table(counts)} as x(service text, function text, qualifier text, version text, at timestamptz,
                                 requests integer, failures integer, "coldStarts" integer)
        join series s using (service, function, qualifier, version)
      on conflict (series_id, at) do update set requests = excluded.requests, failures = excluded.failures,
        cold_starts = excluded.cold_starts
    `.execute(rows);
    await sql`
      insert into series_latencies (series_id, at, warm, cold)
      select s.id, x.at, x.warm, x.cold
      from ${table(latencies)} as x(service text, function text, qualifier text, version text, at timestamptz,
                                    warm jsonb, cold jsonb)
        join series s using (service, function, qualifier, version)
      on conflict (series_id, at) do update set warm = excluded.warm, cold = excluded.cold
    `.execute(rows);
  });
}

async function prune(db: Kysely<EngineTables>, now: number): Promise<void> {
  const oldest = new Date(now - RING_KEEP_MS);
  await db.deleteFrom('series_counts').where('at', '<', oldest).execute();
  await db.deleteFrom('series_latencies').where('at', '<', oldest).execute();
}

/** Rows for PostgreSQL as one parameter. */
function table(rows: readonly object[]): RawBuilder<unknown> {
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)`;
}

function keyOf({ service, function: name, qualifier, version }: SeriesKey): SeriesKey {
  return { service, function: name, qualifier, version };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function countsOf(stored: Readonly<Record<string, number>>): LatencyCounts {
  return Object.entries(stored).map(([bucket, count]) => [Number(bucket), count] as const);
}
