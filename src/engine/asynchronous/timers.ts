/**
 * Fires timer triggers. A firing is moved on and its call is stored in one transaction, so that it happens once, whatever
 * dies. What was missed while no engine ran is made up for by one firing, with the time of the first that was missed.
 */
import type { Kysely } from 'kysely';
import { nextTime, type Timer } from '../../domain/schedule/timer.ts';
import { ensureError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { asyncConfigOf } from '../catalog/async-configs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { apiTime, type TriggerRecord } from '../catalog/records.ts';
import { timerOf } from '../catalog/trigger-config.ts';
import type { EngineTables } from '../catalog/tables.ts';
import type { Dispatcher } from './dispatcher.ts';
import { insertCall, namelessCall } from './queue.ts';

export interface TimerOptions {
  readonly db: Kysely<EngineTables>;
  readonly catalog: Catalog;
  readonly dispatcher: Pick<Dispatcher, 'wake'>;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
}

/** Most firings in one transaction. */
const BATCH = 50;
/** Longest sleep: another engine on the same database may have stored a timer. */
const LONGEST_SLEEP_MS = 30_000;
const DATABASE_PAUSE_MS = 1_000;

export class Timers {
  readonly #options: TimerOptions;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: TimerOptions) {
    this.#options = options;
  }

  /** Something may be due, or due earlier than it was. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#work ??= this.#fireAll().finally(() => {
      this.#work = undefined;
      if (this.#again) this.wake();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#work;
  }

  async #fireAll(): Promise<void> {
    const { db, now, log, dispatcher } = this.#options;
    let sleepMs = DATABASE_PAUSE_MS;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        const fired = await this.#fire();
        if (fired > 0) dispatcher.wake();
        if (fired === BATCH) this.#again = true;
      }
      const row = await db
        .selectFrom('timers')
        .select((of) => of.fn.min('due_at').as('due'))
        .executeTakeFirst();
      const due = row?.due as Date | null | undefined;
      sleepMs = Math.min(Math.max((due?.getTime() ?? Infinity) - now(), 1), LONGEST_SLEEP_MS);
    } catch (error) {
      log.warn({ err: ensureError(error) }, 'timers cannot be read; trying again');
    }
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.wake(), sleepMs);
    this.#timer.unref();
  }

  #fire(): Promise<number> {
    const { db, catalog, now } = this.#options;
    return db.transaction().execute(async (rows) => {
      const at = now();
      const due = await rows
        .selectFrom('timers')
        .innerJoin('triggers', (join) =>
          join
            .onRef('triggers.service', '=', 'timers.service')
            .onRef('triggers.function', '=', 'timers.function')
            .onRef('triggers.name', '=', 'timers.name'),
        )
        .select(['timers.service', 'timers.function', 'timers.name', 'due_at', 'record'])
        .where('due_at', '<=', new Date(at))
        .orderBy('due_at')
        .limit(BATCH)
        .forUpdate('timers')
        .skipLocked()
        .execute();
      for (const { service, function: functionName, name, due_at, record } of due) {
        const dueAt = due_at.getTime();
        const config = asyncConfigOf(catalog.services.get(service), record);
        await insertCall(rows, namelessCall({ service, ...record }, timerEvent(record, dueAt), config), at);
        const timer = timerOf(record);
        const key = rows
          .updateTable('timers')
          .where('service', '=', service)
          .where('function', '=', functionName)
          .where('name', '=', name);
        if (timer) await key.set({ due_at: new Date(timeAfter(timer, dueAt, at)) }).execute();
      }
      return due.length;
    });
  }
}

/** `@every` keeps its rhythm; nothing that is over is fired one by one. */
export function timeAfter(timer: Timer, dueAt: number, now: number): number {
  if (timer.kind === 'cron') return nextTime(timer, now);
  const missed = Math.floor((now - dueAt) / timer.intervalMs);
  return dueAt + (missed + 1) * timer.intervalMs;
}

/** What the function gets, as the cloud sends it. */
function timerEvent({ name, type, config }: TriggerRecord, dueAt: number): string {
  const payload = type === 'http' ? '' : config['payload'];
  return JSON.stringify({ triggerTime: apiTime(dueAt), triggerName: name, payload });
}
