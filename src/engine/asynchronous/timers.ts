/**
 * Fires timer triggers. A firing is moved on and its call is stored in one transaction, so that it happens once, whatever
 * dies. What was missed while no engine ran is made up for by one firing, with the time of the first that was missed.
 */
import type { Kysely } from 'kysely';
import { nextTime, type Timer } from '../../domain/schedule/timer.ts';
import type { Logger } from '../../platform/log.ts';
import { asyncConfigOf } from '../catalog/async-configs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { apiTime, type TriggerRecord } from '../catalog/records.ts';
import { timerOf } from '../catalog/trigger-config.ts';
import type { EngineTables } from '../catalog/tables.ts';
import type { Dispatcher } from './dispatcher.ts';
import { DueRounds } from './due-rounds.ts';
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

export class Timers {
  readonly #options: TimerOptions;
  readonly #rounds: DueRounds;

  constructor(options: TimerOptions) {
    this.#options = options;
    this.#rounds = new DueRounds({ round: () => this.#round(), what: 'timers', log: options.log });
  }

  /** Something may be due, or due earlier than it was. */
  wake(): void {
    this.#rounds.wake();
  }

  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #round(): Promise<number> {
    const { db, now, dispatcher } = this.#options;
    const fired = await this.#fire();
    if (fired > 0) dispatcher.wake();
    if (fired === BATCH) return 0;
    const row = await db
      .selectFrom('timers')
      .select((of) => of.fn.min('due_at').as('due'))
      .executeTakeFirst();
    const due = row?.due as Date | null | undefined;
    return Math.max((due?.getTime() ?? Infinity) - now(), 1);
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
function timerEvent(record: TriggerRecord, dueAt: number): string {
  const payload = record.type === 'timer' ? record.config.payload : '';
  return JSON.stringify({ triggerTime: apiTime(dueAt), triggerName: record.name, payload });
}
