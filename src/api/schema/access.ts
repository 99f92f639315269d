/** Tokens and the audit log as the API tells them. */
import { z } from '@hono/zod-openapi';
import { NameSchema, RoleSchema, Time } from './common.ts';

export const NewTokenSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    role: RoleSchema,
    /** Projects that the token is good for; empty = all. */
    projects: z.array(NameSchema).max(100).default([]),
    expiresAt: z.iso.datetime({ offset: true }).optional(),
  })
  .openapi('NewToken');

export const TokenViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: RoleSchema,
    projects: z.array(z.string()),
    createdBy: z.string(),
    createdAt: Time,
    expiresAt: Time.nullable(),
    lastUsedAt: Time.nullable(),
    revokedAt: Time.nullable(),
  })
  .openapi('Token');
export type TokenView = z.infer<typeof TokenViewSchema>;

export const CreatedTokenSchema = TokenViewSchema.extend({
  /** The token itself: shown this once and kept nowhere. */
  token: z.string(),
}).openapi('CreatedToken');

export const AuditEntrySchema = z
  .object({
    id: z.int(),
    at: Time,
    actor: z.string(),
    role: z.string(),
    action: z.string(),
    target: z.string(),
    outcome: z.string(),
    detail: z.looseObject({}),
    previousHash: z.string(),
    hash: z.string(),
  })
  .openapi('AuditEntry');
export type AuditEntryView = z.infer<typeof AuditEntrySchema>;

export const AuditCheckSchema = z.object({
  intact: z.boolean(),
  entries: z.int(),
  /** First entry whose hash does not fit, or `null`. */
  brokenAt: z.int().nullable(),
});
export type AuditCheckView = z.infer<typeof AuditCheckSchema>;
