/** Pieces that several answers of the API share. Times are ISO 8601 in UTC, weights are fractions 0…1. */
import { z } from '@hono/zod-openapi';
import { ROLES } from '../../domain/release/states.ts';

export const Time = z.iso.datetime().openapi({ example: '2026-11-24T20:12:05.120Z' });
export const RoleSchema = z.enum(ROLES);

export const ActorSchema = z
  .object({ kind: z.enum(['person', 'system']), name: z.string(), role: RoleSchema.optional() })
  .openapi('Actor');

/** Names of projects and environments: they stand in URLs, workflow ids and file names. */
export const NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const NameSchema = z
  .string()
  .regex(NAME_PATTERN, 'use 1–63 of a–z, 0–9 and -, beginning and ending with a letter or digit');

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
