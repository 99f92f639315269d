/** A plan with every default filled in, as the API tells it (`domain/plan/plan.ts`). */
import { z } from '@hono/zod-openapi';
import { SUPERSEDE_POLICIES } from '../../domain/plan/supersede.ts';
import { RoleSchema } from './common.ts';
import { UNDER_WAY } from '../../domain/freeze/freeze.ts';

const PlanHookSchema = z.object({
  name: z.string(),
  action: z.union([
    z.object({ kind: z.literal('run'), run: z.string() }),
    z.object({
      kind: z.literal('invoke'),
      service: z.string().nullable(),
      function: z.string(),
      event: z.string(),
    }),
  ]),
  timeoutMs: z.number(),
  onFailure: z.enum(['roll-back', 'ask', 'continue']),
});
const PlanHooksSchema = z.object({
  before: z.array(PlanHookSchema).readonly(),
  after: z.array(PlanHookSchema).readonly(),
});

const StepBounds = z.object({ rho: z.number().exactOptional(), floor: z.number().exactOptional() });

export const PlanSchema = z.object({
  version: z.literal(1),
  environment: z.string(),
  alias: z.string(),
  stages: z.array(z.array(z.object({ name: z.string(), run: z.string(), image: z.string() }))),
  steps: z.array(
    z.object({
      weight: z.number(),
      holdMs: z.number(),
      approval: z
        .object({
          role: RoleSchema,
          count: z.int(),
          notAuthor: z.boolean(),
          timeoutMs: z.number().nullable(),
          onTimeout: z.enum(['roll-back', 'continue']),
        })
        .nullable(),
      analysis: z
        .object({
          errors: StepBounds.exactOptional(),
          latency: StepBounds.exactOptional(),
          absolute: z.object({ errors: z.number() }).exactOptional(),
        })
        .exactOptional(),
      hooks: PlanHooksSchema.exactOptional(),
      /** Left out: nothing is probed in this step. */
      probe: z
        .object({
          everyMs: z.number(),
          only: z.enum(['quiet', 'always']),
          event: z.string(),
          functions: z
            .array(z.object({ name: z.string(), event: z.string().nullable() }))
            .readonly()
            .nullable(),
        })
        .optional(),
      /** Wave in whose regions it runs, 0-based; left out where the plan names no regions. */
      wave: z.int().exactOptional(),
    }),
  ),
  hooks: PlanHooksSchema.optional(),
  analysis: z.object({ intervalMs: z.number(), errors: z.looseObject({}) }),
  /** Regions in the order in which they get the new version; left out: this Sluice's own one. */
  waves: z
    .array(z.object({ regions: z.array(z.string()).readonly(), bakeMs: z.number() }))
    .readonly()
    .exactOptional(),
  bakeMs: z.number(),
  manifest: z.string().nullable(),
  advance: z.enum(['timed', 'early']).optional(),
  extensionMs: z.number().optional(),
  freeze: z.enum(UNDER_WAY).optional(),
  stableGone: z.enum(['stay', 'newest-older']).optional(),
  services: z
    .array(z.object({ service: z.string(), functions: z.array(z.string()).readonly().nullable() }))
    .readonly()
    .optional(),
  needs: z.record(z.string(), z.array(z.string()).readonly()).optional(),
  supersede: z.enum(SUPERSEDE_POLICIES).optional(),
  notifications: z.object({ events: z.array(z.string()).readonly() }).optional(),
});
