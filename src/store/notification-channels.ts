/**
 * Where each project's events are sent. The secret is read by the dispatcher only (`notifications.ts`); no query here
 * selects it.
 */
import type { ChannelKind, NotificationChannel } from '../domain/notify/channel.ts';
import type { Db } from './store.ts';

/** What is left out of a channel that exists stays as it is. */
export interface ChannelWish {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly url?: string | undefined;
  readonly secret?: string | undefined;
  readonly events?: readonly string[] | null | undefined;
}

/** The project's channels by name. */
export async function listChannels(db: Db, project: string): Promise<NotificationChannel[]> {
  return (await listAllChannels(db, [project])).get(project) ?? [];
}

/** The same of several projects. */
export async function listAllChannels(
  db: Db,
  projects: readonly string[],
): Promise<Map<string, NotificationChannel[]>> {
  const found = new Map<string, NotificationChannel[]>();
  if (projects.length === 0) return found;
  const rows = await db
    .selectFrom('notification_channels')
    .select(['project', 'name', 'kind', 'url', 'events'])
    .where('project', 'in', projects)
    .orderBy('name')
    .execute();
  for (const { project, ...channel } of rows) found.set(project, [...(found.get(project) ?? []), channel]);
  return found;
}

/**
 * Makes these the project's channels: adds, changes, and removes those that are not named. In the caller's
 * transaction.
 *
 * @returns the first new channel that lacks its address or secret; then nothing was written for it, and the caller
 *   gives the transaction up. `null` when all is well
 */
export async function replaceChannels(
  tx: Db,
  project: string,
  wishes: readonly ChannelWish[],
): Promise<{ readonly index: number; readonly missing: 'url' | 'secret' } | null> {
  const names = wishes.map(({ name }) => name);
  await tx
    .deleteFrom('notification_channels')
    .where('project', '=', project)
    .$if(names.length > 0, (q) => q.where('name', 'not in', names))
    .execute();
  for (const [index, { name, kind, url, secret, events }] of wishes.entries()) {
    const changed = await tx
      .updateTable('notification_channels')
      .set({
        kind,
        ...(url !== undefined && { url }),
        ...(secret !== undefined && { secret }),
        ...(events !== undefined && { events: asJson(events) }),
      })
      .where('project', '=', project)
      .where('name', '=', name)
      .returning('name')
      .executeTakeFirst();
    if (changed) continue;
    if (url === undefined) return { index, missing: 'url' };
    if (secret === undefined) return { index, missing: 'secret' };
    await tx
      .insertInto('notification_channels')
      .values({ project, name, kind, url, secret, events: asJson(events ?? null) })
      .execute();
  }
  return null;
}

function asJson(events: readonly string[] | null): string | null {
  return events === null ? null : JSON.stringify(events);
}
