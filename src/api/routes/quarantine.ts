/** Commits that no push releases again, and letting one go. */
import { createRoute, z } from '@hono/zod-openapi';
import {
  findQuarantineRow,
  liftQuarantine,
  listQuarantined,
  type Quarantined,
} from '../../store/quarantine.ts';
import { audited } from '../auth/audited.ts';
import { requireRole, sees } from '../auth/principal.ts';
import type { ApiParts } from '../parts.ts';
import { notFound } from '../problem.ts';
import { QuarantinedSchema, type QuarantinedView } from '../schema/quarantine.ts';
import { iso, releaseUrl } from '../views.ts';
import { answer, BEARER, createRoutes, PROBLEMS } from './describe.ts';

const common = { tags: ['quarantine'], security: BEARER };
const list = createRoute({
  ...common,
  method: 'get',
  path: '/quarantine',
  summary: 'Commits that were taken back and are not released again by a push, newest first',
  request: {
    query: z.object({
      project: z.string().optional(),
      environment: z.string().optional(),
      commit: z.string().optional(),
    }),
  },
  responses: {
    200: answer(z.object({ quarantine: z.array(QuarantinedSchema) }), 'Commits'),
    ...PROBLEMS,
  },
});
const lift = createRoute({
  ...common,
  method: 'delete',
  path: '/quarantine/{id}',
  summary: 'Let a commit be released again (release-manager)',
  request: {
    params: z.object({ id: z.coerce.number().int().min(1) }),
    query: z.object({ comment: z.string().max(2_000).default('') }),
  },
  responses: { 204: { description: 'Lifted' }, ...PROBLEMS },
});

export function quarantineRoutes(parts: ApiParts) {
  const { db, config } = parts;
  const routes = createRoutes();

  routes.openapi(list, async (c) => {
    const principal = c.get('principal');
    const { project, environment, commit } = c.req.valid('query');
    const rows = await listQuarantined(db, { project, environment, commit: commit?.toLowerCase() });
    const seen = rows.filter((row) => sees(principal, row.project));
    return c.json({ quarantine: seen.map((row) => quarantinedView(row, config.publicUrl)) }, 200);
  });

  routes.openapi(lift, async (c) => {
    const principal = c.get('principal');
    const { id } = c.req.valid('param');
    const { comment } = c.req.valid('query');
    const row = await findQuarantineRow(db, id);
    if (!row || !sees(principal, row.project)) throw notFound(`quarantine ${id}`);
    const { project, environment, commit, releaseId } = row;
    const act = {
      principal,
      action: 'quarantine.lift',
      target: `environment:${project}.${environment}`,
      detail: { quarantine: id, commit, release: releaseId, comment },
    };
    await audited(parts, act, async (record) => {
      requireRole(principal, 'release-manager');
      await db.transaction().execute(async (tx) => {
        if (!(await liftQuarantine(tx, { id, by: principal.name, comment })))
          throw notFound(`quarantine ${id}`);
        await record(tx);
      });
    });
    return c.body(null, 204);
  });
  return routes;
}

function quarantinedView(row: Quarantined, publicUrl: string): QuarantinedView {
  const { id, project, environment, commit, releaseId, releaseNumber, reason, sentence, actor, at } = row;
  return {
    id,
    project,
    environment,
    commit,
    release: releaseId,
    releaseNumber,
    url: releaseUrl(publicUrl, releaseId),
    reason,
    sentence,
    actor,
    at: iso(at),
  };
}
