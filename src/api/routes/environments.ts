/** Environments: what runs where, read live, and going back to any published version. */
import { createRoute, z } from '@hono/zod-openapi';
import { findEnvironment, listEnvironments, type EnvironmentState } from '../../store/environments.ts';
import { sees, type Principal } from '../auth/principal.ts';
import { environmentDetail, environmentView } from '../environment-views.ts';
import type { ApiParts } from '../parts.ts';
import { notFound } from '../problem.ts';
import { rollBackEnvironment } from '../rollback.ts';
import { EnvironmentDetailSchema, EnvironmentViewSchema } from '../schema/environment.ts';
import { ActOutcomeSchema } from '../schema/release.ts';
import { answer, BEARER, body, createRoutes, IdempotencyHeader, PROBLEMS } from './describe.ts';

const Id = z.object({ id: z.string().openapi({ example: 'shop.production' }) });
const Version = z
  .union([z.string(), z.int()])
  .transform(String)
  .pipe(z.string().regex(/^[1-9]\d*$/, 'a version number'));
const RollbackBody = z
  .strictObject({
    /** For an environment with one service. */
    version: Version.optional(),
    /** Service → version. */
    versions: z.record(z.string(), Version).default({}),
    comment: z.string().max(2_000).default(''),
  })
  .openapi('Rollback');

const common = { tags: ['environments'], security: BEARER };
const list = createRoute({
  ...common,
  method: 'get',
  path: '/environments',
  summary: 'What runs where, with the split that is live now',
  request: { query: z.object({ project: z.string().optional() }) },
  responses: {
    200: answer(z.object({ environments: z.array(EnvironmentViewSchema) }), 'Environments'),
    ...PROBLEMS,
  },
});
const show = createRoute({
  ...common,
  method: 'get',
  path: '/environments/{id}',
  summary: 'One environment, with the versions one can go back to',
  request: { params: Id },
  responses: { 200: answer(EnvironmentDetailSchema, 'The environment'), ...PROBLEMS },
});
const rollback = createRoute({
  ...common,
  method: 'post',
  path: '/environments/{id}/rollback',
  summary: 'Point the alias at a published version at once (release-manager)',
  description:
    'A running release ends first. When the workflow does not answer within 3 s, the API moves the alias itself, and says so.',
  request: { params: Id, headers: IdempotencyHeader, body: body(RollbackBody) },
  responses: {
    200: answer(ActOutcomeSchema, 'Done'),
    202: answer(ActOutcomeSchema, 'Taken; the outcome is still to come'),
    ...PROBLEMS,
  },
});

export function environmentRoutes(parts: ApiParts) {
  const routes = createRoutes();

  routes.openapi(list, async (c) => {
    const principal = c.get('principal');
    const { project } = c.req.valid('query');
    const states = (await listEnvironments(parts.db, { project })).filter((s) => sees(principal, s.project));
    return c.json({ environments: await Promise.all(states.map((s) => environmentView(parts, s))) }, 200);
  });

  routes.openapi(show, async (c) => {
    const state = await visibleEnvironment(parts, c.get('principal'), c.req.valid('param').id);
    return c.json(await environmentDetail(parts, state), 200);
  });

  routes.openapi(rollback, async (c) => {
    const principal = c.get('principal');
    const state = await visibleEnvironment(parts, principal, c.req.valid('param').id);
    const { version, versions, comment } = c.req.valid('json');
    const idempotencyKey = c.req.valid('header')['idempotency-key'];
    const wish = { version, versions, comment, idempotencyKey };
    const outcome = await rollBackEnvironment(parts, principal, state, wish);
    return outcome.pending ? c.json(outcome, 202) : c.json(outcome, 200);
  });
  return routes;
}

/** @param id `project.environment` @throws Problem 404 */
export async function visibleEnvironment(
  parts: ApiParts,
  principal: Principal,
  id: string,
): Promise<EnvironmentState> {
  const [project = '', name = '', ...rest] = id.split('.');
  const found =
    rest.length === 0 && sees(principal, project)
      ? await findEnvironment(parts.db, project, name)
      : undefined;
  if (!found) throw notFound(`environment ${id}; ids are project.environment`);
  return found;
}
