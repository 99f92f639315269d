/**
 * The live event stream of one API process. One listener hears that something happened; the feed reads what is new
 * from the table once and keeps the newest events in memory. A reader holds nothing but the id of the last event it
 * got: where memory reaches back far enough it reads there, else from the table. So a slow reader costs no memory and
 * a reconnected one misses nothing.
 */
import type { Kysely } from 'kysely';
import { ensureError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { EVENTS_CHANNEL, listProjectEvents, newestEventId, type ProjectEvent } from '../store/events.ts';
import { listen } from '../store/listen.ts';
import type { Tables } from '../store/tables.ts';

export interface FeedFilter {
  readonly releaseId?: string | undefined;
  readonly project?: string | undefined;
  /** Which projects the reader may see. */
  readonly sees: (project: string) => boolean;
}

export interface EventFeed {
  /**
   * Events after `afterId` (from now on when `undefined`), in order, without end; ends when `signal` or the feed does.
   */
  read(afterId: number | undefined, filter: FeedFilter, signal: AbortSignal): AsyncGenerator<ProjectEvent>;
  /** Ended: readers shall go. */
  readonly closed: AbortSignal;
  close(): Promise<void>;
}

const KEEP = 2_000;
const PAGE = 500;
/** Looks without being told, in case a read failed when it was told. Milliseconds. */
const LOOK_AGAIN_MS = 5_000;

/** Starts listening; resolves when the feed knows where the log ends now. */
export async function openEventFeed(
  options: { readonly db: Kysely<Tables>; readonly databaseUrl: string },
  log: Logger,
): Promise<EventFeed> {
  const { db } = options;
  const closed = new AbortController();
  let newest = await newestEventId(db);
  /** Events with ids above `floor`, without gaps. */
  let floor = newest;
  let kept: ProjectEvent[] = [];
  let waiting: (() => void)[] = [];
  let pulling: Promise<void> | undefined;
  let again = false;

  function wake(): void {
    const all = waiting;
    waiting = [];
    for (const resolve of all) resolve();
  }
  async function pullAll(): Promise<void> {
    do {
      again = false;
      const events = await listProjectEvents(db, { afterId: newest, limit: PAGE });
      kept.push(...events);
      newest = events.at(-1)?.stored.id ?? newest;
      if (kept.length > KEEP) {
        floor = kept.at(-KEEP - 1)?.stored.id ?? floor;
        kept = kept.slice(-KEEP);
      }
      if (events.length > 0) wake();
      if (events.length === PAGE) again = true;
    } while (again && !closed.signal.aborted);
  }
  function pull(): void {
    again = true;
    pulling ??= pullAll()
      .catch((error: unknown) => {
        again = false;
        log.warn({ err: ensureError(error) }, 'new events could not be read');
      })
      .finally(() => {
        pulling = undefined;
        // Told between the last look and this line: look once more.
        if (again && !closed.signal.aborted) pull();
      });
  }

  async function nextPage(
    cursor: number,
    filter: FeedFilter,
  ): Promise<{ events: ProjectEvent[]; upTo: number }> {
    const upTo = newest;
    if (cursor >= floor) return { events: kept.filter((e) => e.stored.id > cursor), upTo };
    const { releaseId, project } = filter;
    const events = await listProjectEvents(db, { afterId: cursor, limit: PAGE, releaseId, project });
    return { events, upTo: events.length === PAGE ? (events.at(-1)?.stored.id ?? upTo) : upTo };
  }
  async function* read(
    afterId: number | undefined,
    filter: FeedFilter,
    signal: AbortSignal,
  ): AsyncGenerator<ProjectEvent> {
    // An id from the future (another database's) must not silence the stream until ids get there.
    let cursor = Math.min(afterId ?? newest, newest);
    const goes = () => !signal.aborted && !closed.signal.aborted;
    signal.addEventListener('abort', wake, { once: true });
    while (goes()) {
      if (cursor >= newest) {
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      const { events, upTo } = await nextPage(cursor, filter);
      for (const event of events) {
        if (!goes()) return;
        if (event.stored.id > cursor && matches(event, filter)) yield event;
        cursor = Math.max(cursor, event.stored.id);
      }
      cursor = Math.max(cursor, upTo);
    }
  }

  const listening = listen(
    {
      databaseUrl: options.databaseUrl,
      channel: EVENTS_CHANNEL,
      applicationName: 'sluice-api-events',
      onNotify: pull,
      onConnect: pull,
    },
    log,
  );
  const timer = setInterval(pull, LOOK_AGAIN_MS);
  return {
    read,
    closed: closed.signal,
    close: async () => {
      clearInterval(timer);
      closed.abort();
      wake();
      await listening.close();
      await pulling;
    },
  };
}

function matches({ project, stored }: ProjectEvent, filter: FeedFilter): boolean {
  return (
    (filter.releaseId === undefined || filter.releaseId === stored.releaseId) &&
    (filter.project === undefined || filter.project === project) &&
    filter.sees(project)
  );
}
