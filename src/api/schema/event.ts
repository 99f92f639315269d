/**
 * Events as the API tells them: the domain's own union with its times as text, so that the two cannot drift apart.
 */
import { z } from '@hono/zod-openapi';
import type { ReleaseEvent } from '../../domain/release/events.ts';
import { Time } from './common.ts';

/** Fields of an event that hold a time. */
export type TimeField = 'at' | 'since' | 'until' | 'bakingUntil';

/** `T` with every time (Unix milliseconds) as an ISO 8601 string. */
export type WithIsoTimes<T> = T extends readonly (infer Item)[]
  ? WithIsoTimes<Item>[]
  : T extends object
    ? {
        -readonly [Key in keyof T]: Key extends TimeField
          ? Exclude<T[Key], number> | string
          : WithIsoTimes<T[Key]>;
      }
    : T;

export const EventSchema = z
  .object({
    id: z.int(),
    releaseId: z.string(),
    project: z.string(),
    seq: z.int(),
    at: Time,
    /** The event in one line of plain English. */
    text: z.string(),
    event: z
      .custom<WithIsoTimes<ReleaseEvent>>()
      .openapi({ type: 'object', required: ['type'], properties: { type: { type: 'string' } } }),
  })
  .openapi('Event');
/** An event of a release; `id` rises over all releases. */
export type EventView = z.infer<typeof EventSchema>;
