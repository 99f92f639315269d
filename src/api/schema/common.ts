/** Pieces that several answers of the API share. Times are ISO 8601 in UTC, weights are fractions 0…1. */
import { z } from '@hono/zod-openapi';
import { SLUG, SLUG_RULE } from '../../domain/names/sluice.ts';
import { ROLES } from '../../domain/release/states.ts';

export const Time = z.iso.datetime().openapi({ example: '2026-11-24T20:12:05.120Z' });
export const RoleSchema = z.enum(ROLES);

export const ActorSchema = z
  .object({ kind: z.enum(['person', 'system']), name: z.string(), role: RoleSchema.optional() })
  .openapi('Actor');

/** Names of projects and environments. */
export const NameSchema = z.string().regex(SLUG, `use ${SLUG_RULE}`);

/** RFC 9457. `code` is stable: programs decide by it, people read `title` and `detail`. */
export const ProblemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .openapi('Problem');
export type ProblemView = z.infer<typeof ProblemSchema>;

/** Size of a page of a list. */
export const LimitSchema = z.coerce.number().int().min(1).max(200).default(50);
