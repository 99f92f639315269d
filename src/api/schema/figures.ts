/** The four DORA figures of an environment, as the API tells them. docs/figures.md says what is counted. */
import { z } from '@hono/zod-openapi';
import { Time } from './common.ts';

const MedianMs = z.number().nullable();

export const FiguresSchema = z
  .object({
    project: z.string(),
    environment: z.string(),
    days: z.int(),
    from: Time,
    until: Time,
    deployments: z.object({ count: z.int(), perDay: z.number() }),
    leadTime: z.object({
      count: z.int(),
      /** So many knew their commit's own time; the others are counted from the push. */
      fromCommit: z.int(),
      medianMs: MedianMs,
    }),
    changeFailures: z.object({
      /** Releases that got traffic. */
      moved: z.int(),
      failed: z.int(),
      /** 0…1; `null`: nothing got traffic. */
      share: z.number().nullable(),
    }),
    restore: z.object({
      count: z.int(),
      /** Failures that nothing has ended yet. */
      open: z.int(),
      medianMs: MedianMs,
    }),
    /** The same in words. */
    lines: z.array(z.object({ name: z.string(), value: z.string(), basis: z.string() })),
  })
  .openapi('Figures');
export type FiguresView = z.infer<typeof FiguresSchema>;
