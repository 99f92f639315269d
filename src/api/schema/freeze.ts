/** Freeze windows as the API takes and tells them: times of weekly windows as the clock of their zone shows them. */
import { z } from '@hono/zod-openapi';
import { UNDER_WAY, WEEKDAYS } from '../../domain/freeze/freeze.ts';
import { isTimeZone } from '../../domain/local-time.ts';
import { NameSchema, Time } from './common.ts';

const UnderWay = z.enum(UNDER_WAY).openapi({
  description: 'What becomes of a release that runs: it may finish, it is held, or its traffic goes back',
});
const TimeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'no time zone of that name is known here; write an IANA name, e.g. Europe/Berlin')
  .openapi({ example: 'Europe/Berlin' });
const Clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time as HH:MM, e.g. 22:00')
  .openapi({ example: '22:00' });
const EndClock = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time as HH:MM, e.g. 06:00, or 24:00')
  .openapi({ example: '06:00' });
const GivenTime = z.iso.datetime({
  offset: true,
  error: 'a time with its zone, e.g. 2026-12-24T18:00:00Z or 2026-12-24T18:00:00+01:00',
});

const Once = z.strictObject({
  kind: z.literal('once'),
  from: GivenTime.optional().openapi({ description: 'Now when left out' }),
  until: GivenTime.nullable().default(null).openapi({ description: 'null: until somebody ends it' }),
});
const Weekly = z.strictObject({
  kind: z.literal('weekly'),
  days: z
    .array(z.enum(WEEKDAYS))
    .min(1, 'name one day at least')
    .max(7)
    .openapi({ description: 'Days on which it begins' }),
  from: Clock,
  until: EndClock.openapi({ description: 'Not after `from`: on the next day' }),
  timeZone: TimeZone,
});

export const NewFreezeSchema = z
  .strictObject({
    project: NameSchema.nullable().default(null).openapi({ description: 'null: every project' }),
    environment: NameSchema.nullable().default(null).openapi({ description: 'null: every environment' }),
    reason: z.string().trim().min(1, 'say why: whoever waits reads it').max(500),
    underWay: UnderWay.default('finish'),
    window: z.discriminatedUnion('kind', [Once, Weekly], {
      error: 'a window: {"kind": "once", …} or {"kind": "weekly", …}',
    }),
  })
  .openapi('NewFreeze');
export type NewFreeze = z.infer<typeof NewFreezeSchema>;

export const NewBypassSchema = z
  .strictObject({
    release: z
      .string()
      .optional()
      .openapi({ description: 'Only this release; all of the environment when left out' }),
    project: NameSchema.optional(),
    environment: NameSchema.optional(),
    comment: z.string().trim().min(1, 'say why; it is kept in the audit').max(2_000),
  })
  .openapi('NewBypass');
export type NewBypass = z.infer<typeof NewBypassSchema>;

export const BypassSchema = z
  .object({
    freeze: z.string(),
    project: z.string(),
    environment: z.string(),
    /** `null`: every release of the environment. */
    release: z.string().nullable(),
    /** `null`: as long as the freeze. */
    until: Time.nullable(),
    comment: z.string(),
    actor: z.string(),
    at: Time,
  })
  .openapi('Bypass');
export type BypassView = z.infer<typeof BypassSchema>;

export const FreezeSchema = z
  .object({
    id: z.string(),
    project: z.string().nullable(),
    environment: z.string().nullable(),
    reason: z.string(),
    underWay: UnderWay,
    window: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('once'), from: Time, until: Time.nullable() }),
      z.object({
        kind: z.literal('weekly'),
        days: z.array(z.enum(WEEKDAYS)),
        from: z.string(),
        until: z.string(),
        timeZone: z.string(),
      }),
    ]),
    /** The stretch that is on now. */
    on: z.object({ from: Time, until: Time.nullable() }).nullable(),
    /** When it begins next. */
    next: Time.nullable(),
    createdBy: z.string(),
    createdAt: Time,
    /** Who may pass it now. */
    bypasses: z.array(BypassSchema),
  })
  .openapi('Freeze');
export type FreezeView = z.infer<typeof FreezeSchema>;
