/** Commits that were taken back, as the API tells them. */
import { z } from '@hono/zod-openapi';
import { Time } from './common.ts';

export const QuarantinedSchema = z
  .object({
    id: z.int(),
    project: z.string(),
    environment: z.string(),
    commit: z.string(),
    /** Release that was taken back. */
    release: z.string(),
    releaseNumber: z.int(),
    url: z.string(),
    reason: z.enum(['harmful', 'bake', 'person', 'rejected']),
    /** Why, for people. */
    sentence: z.string(),
    actor: z.string(),
    at: Time,
  })
  .openapi('Quarantined');
export type QuarantinedView = z.infer<typeof QuarantinedSchema>;
