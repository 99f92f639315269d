/** Every kind of channel there is. */
import type { ChannelKind } from '../../domain/notify/channel.ts';
import type { Channel } from './channel.ts';
import { webhook } from './webhook.ts';

export const CHANNELS: Readonly<Record<ChannelKind, Channel>> = { webhook };
