/** Tokens and the audit log: for admins whose token is good for all projects. */
import { createRoute, z } from '@hono/zod-openapi';
import { stream } from 'hono/streaming';
import { auditPages, listAudit, verifyAudit, type AuditEntry } from '../../store/audit.ts';
import { createToken, listTokens, revokeToken, type Token } from '../../store/tokens.ts';
import { audited } from '../auth/audited.ts';
import { requireRole, requireUnbound, type Principal } from '../auth/principal.ts';
import type { ApiParts } from '../parts.ts';
import { notFound, Problem } from '../problem.ts';
import {
  AuditCheckSchema,
  AuditEntrySchema,
  CreatedTokenSchema,
  NewTokenSchema,
  TokenViewSchema,
} from '../schema/access.ts';
import { LimitSchema } from '../schema/common.ts';
import { iso, isoOrNull, type AuditEntryView, type TokenView } from '../views.ts';
import { answer, BEARER, body, createRoutes, PROBLEMS } from './describe.ts';

const common = { tags: ['access'], security: BEARER };
const tokens = createRoute({
  ...common,
  method: 'get',
  path: '/tokens',
  summary: 'Tokens, newest first (admin)',
  responses: { 200: answer(z.object({ tokens: z.array(TokenViewSchema) }), 'Tokens'), ...PROBLEMS },
});
const create = createRoute({
  ...common,
  method: 'post',
  path: '/tokens',
  summary: 'Make a token (admin); it is shown in this answer and never again',
  request: { body: body(NewTokenSchema) },
  responses: { 201: answer(CreatedTokenSchema, 'The token'), ...PROBLEMS },
});
const revoke = createRoute({
  ...common,
  method: 'delete',
  path: '/tokens/{id}',
  summary: 'Revoke a token at once (admin)',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: answer(TokenViewSchema, 'The revoked token'), ...PROBLEMS },
});
const audit = createRoute({
  ...common,
  method: 'get',
  path: '/audit',
  summary: 'The audit log, newest first (admin)',
  request: {
    query: z.object({
      cursor: z.coerce.number().int().min(1).optional(),
      limit: LimitSchema,
      verify: z
        .enum(['true', 'false'])
        .default('false')
        .openapi({ description: 'Compute the whole hash chain again' }),
    }),
  },
  responses: {
    200: answer(
      z.object({
        entries: z.array(AuditEntrySchema),
        nextCursor: z.int().nullable(),
        check: AuditCheckSchema.nullable(),
      }),
      'A page of entries',
    ),
    ...PROBLEMS,
  },
});

/** A plain `string`, because the types of routes take the literal for JSON that they cannot know. */
const JSON_LINES: string = 'application/x-ndjson';
const auditExport = createRoute({
  ...common,
  method: 'get',
  path: '/audit/export',
  summary: 'The whole audit log as JSON lines, oldest first (admin)',
  description: 'Each line is an AuditEntry. docs/audit.md says how the hash chain is checked elsewhere.',
  request: {
    query: z.object({
      after: z.coerce
        .number()
        .int()
        .min(0)
        .default(0)
        .openapi({ description: 'Begin after this entry: what an earlier export ended with' }),
    }),
  },
  responses: {
    200: { description: 'The entries', content: { [JSON_LINES]: { schema: z.string() } } },
    ...PROBLEMS,
  },
});

export function accessRoutes(parts: ApiParts) {
  const { db } = parts;
  const routes = createRoutes();

  routes.openapi(tokens, async (c) => {
    requireAdmin(c.get('principal'));
    return c.json({ tokens: (await listTokens(db)).map(tokenView) }, 200);
  });

  routes.openapi(create, async (c) => {
    const principal = c.get('principal');
    const wish = c.req.valid('json');
    const act = { principal, action: 'token.create', target: 'token:new', detail: wish };
    const made = await audited(parts, act, async (record) => {
      requireAdmin(principal);
      const expiresAt = wish.expiresAt === undefined ? null : Date.parse(wish.expiresAt);
      if (expiresAt !== null && expiresAt <= Date.now())
        throw new Problem({
          status: 422,
          code: 'invalid-request',
          detail: '/expiresAt: this time has passed',
          errors: [{ pointer: '/expiresAt', detail: 'this time has passed' }],
        });
      return db.transaction().execute(async (tx) => {
        const { name, role, projects } = wish;
        const result = await createToken(tx, { name, role, projects, expiresAt, createdBy: principal.name });
        await record(tx, { id: result.token.id });
        return result;
      });
    });
    return c.json({ ...tokenView(made.token), token: made.secret }, 201);
  });

  routes.openapi(revoke, async (c) => {
    const principal = c.get('principal');
    const { id } = c.req.valid('param');
    const act = { principal, action: 'token.revoke', target: `token:${id}`, detail: {} };
    const revoked = await audited(parts, act, async () => {
      requireAdmin(principal);
      const token = await revokeToken(db, id);
      if (!token) throw notFound(`token ${id}`);
      return token;
    });
    return c.json(tokenView(revoked), 200);
  });

  routes.openapi(audit, async (c) => {
    requireAdmin(c.get('principal'));
    const { cursor, limit, verify } = c.req.valid('query');
    const page = await listAudit(db, { beforeId: cursor, limit: limit + 1 });
    const entries = page.slice(0, limit);
    const check = verify === 'true' ? await verifyAudit(db) : null;
    return c.json(
      {
        entries: entries.map(auditView),
        nextCursor: page.length > limit ? (entries.at(-1)?.id ?? null) : null,
        check: check && { intact: check.brokenAt === null, ...check },
      },
      200,
    );
  });

  routes.openapi(auditExport, (c) => {
    const principal = c.get('principal');
    requireAdmin(principal);
    const { after } = c.req.valid('query');
    c.header('content-type', `${JSON_LINES}; charset=utf-8`);
    c.header('cache-control', 'no-store');
    return stream(
      c,
      async (lines) => {
        for await (const page of auditPages(db, after))
          await lines.write(page.map((entry) => `${JSON.stringify(auditView(entry))}\n`).join(''));
      },
      // The status has gone out: an export that is cut off must not look whole.
      async (error, lines) => {
        parts.log.error({ err: error }, 'an export of the audit log was cut off');
        lines.abort();
      },
    );
  });
  return routes;
}

function requireAdmin(principal: Principal): void {
  requireRole(principal, 'admin');
  requireUnbound(principal);
}

function tokenView(token: Token): TokenView {
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    projects: [...token.projects],
    createdBy: token.createdBy,
    createdAt: iso(token.createdAt),
    expiresAt: isoOrNull(token.expiresAt),
    lastUsedAt: isoOrNull(token.lastUsedAt),
    revokedAt: isoOrNull(token.revokedAt),
  };
}

function auditView(entry: AuditEntry): AuditEntryView {
  return { ...entry, at: iso(entry.at), detail: { ...entry.detail } };
}
