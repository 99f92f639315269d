/** Changing a project's channels as part of its record, and how channels and deliveries are shown. */
import type { z } from '@hono/zod-openapi';
import { shownAddress, type NotificationChannel } from '../domain/notify/channel.ts';
import { replaceChannels } from '../store/notification-channels.ts';
import type { NotificationDelivery } from '../store/notification-deliveries.ts';
import type { Db } from '../store/store.ts';
import { invalidRequest } from './routes/describe.ts';
import type { ChannelsInput } from './schema/notification.ts';
import { iso, isoOrNull, type ChannelView, type DeliveryView } from './views.ts';

export type ChannelWishes = z.infer<typeof ChannelsInput>;

/** In the transaction that changes the record. @throws Problem 422 where a new channel lacks its address or secret */
export async function setChannels(tx: Db, project: string, wishes: ChannelWishes | undefined): Promise<void> {
  if (wishes === undefined) return;
  const lack = await replaceChannels(tx, project, wishes);
  if (lack === null) return;
  const path = ['notifications', lack.index, lack.missing];
  throw invalidRequest('json', [{ path, message: 'a new channel needs it' }]);
}

/** The wishes as the audit keeps them: that a secret was set, and not which. */
export function auditedChannels(wishes: ChannelWishes | undefined): object {
  if (wishes === undefined) return {};
  return {
    notifications: wishes.map(({ secret, url, ...rest }) => ({
      ...rest,
      ...(url !== undefined && { url: shownAddress(url) }),
      ...(secret !== undefined && { secretChanged: true }),
    })),
  };
}

export function channelView({ name, kind, url, events }: NotificationChannel): ChannelView {
  return { name, kind, url: shownAddress(url), events: events && [...events] };
}

export function deliveryView(one: NotificationDelivery): DeliveryView {
  const { delivery, channel, event, releaseId, seq, state, attempts, status, answer } = one;
  return {
    id: delivery,
    channel,
    event,
    release: releaseId,
    seq,
    state,
    attempts,
    status,
    answer,
    createdAt: iso(one.createdAt),
    nextTryAt: isoOrNull(one.nextAt),
    endedAt: isoOrNull(one.endedAt),
  };
}
