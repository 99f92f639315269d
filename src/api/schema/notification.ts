/** Channels that a project's events are sent to, and what became of each delivery. A secret goes in and never comes out. */
import { z } from '@hono/zod-openapi';
import { CHANNEL_KINDS } from '../../domain/notify/channel.ts';
import { EVENT_TYPES } from '../../domain/notify/events.ts';
import { addressProblem } from '../../platform/outgoing-address.ts';
import { NameSchema, Time } from './common.ts';

const Address = z
  .string()
  .max(2_000)
  .superRefine((text, context) => {
    const problem = addressProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: `wanted ${problem}` });
  });

const ChannelInput = z.strictObject({
  name: NameSchema,
  kind: z.enum(CHANNEL_KINDS).default('webhook'),
  /** Needed for a new channel; left out of one that exists, it stays. https, or http to this machine. */
  url: Address.optional(),
  /** Needed for a new channel; left out of one that exists, it stays. */
  secret: z.string().min(16, '16 characters at least').max(512).optional(),
  /** `null`: as the commit's plan says, else the usual ones. */
  events: z.array(z.enum(EVENT_TYPES)).max(EVENT_TYPES.length).nullable().optional(),
});

/** All channels of the project: one that is not named is removed. */
export const ChannelsInput = z
  .array(ChannelInput)
  .max(10)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'each name once');

export const ChannelSchema = z
  .object({
    name: z.string(),
    kind: z.enum(CHANNEL_KINDS),
    /** Without what stands after `?`. */
    url: z.string(),
    events: z.array(z.string()).nullable(),
  })
  .openapi('NotificationChannel');
export type ChannelView = z.infer<typeof ChannelSchema>;

export const DeliverySchema = z
  .object({
    /** `X-Sluice-Delivery`: the same over all tries. */
    id: z.string(),
    channel: z.string(),
    event: z.string(),
    release: z.string().nullable(),
    seq: z.int().nullable(),
    state: z.enum(['waiting', 'sent', 'given-up']),
    /** Tries that were begun. */
    attempts: z.int(),
    /** HTTP status of the last try; `null`: none came. */
    status: z.int().nullable(),
    /** What the receiver answered, or why nothing came; 1 KB at most. */
    answer: z.string(),
    createdAt: Time,
    nextTryAt: Time.nullable(),
    endedAt: Time.nullable(),
  })
  .openapi('NotificationDelivery');
export type DeliveryView = z.infer<typeof DeliverySchema>;
