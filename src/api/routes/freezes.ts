/** Freeze windows: what is frozen and until when, beginning and ending one, and letting somebody pass. */
import { createRoute, z } from '@hono/zod-openapi';
import { listBypasses, listFreezes } from '../../store/freezes.ts';
import { sees } from '../auth/principal.ts';
import { bypassView, freezeView } from '../freeze-views.ts';
import { createFreeze, finishFreeze, passFreeze, seesFreeze } from '../freezes.ts';
import type { ApiParts } from '../parts.ts';
import { BypassSchema, FreezeSchema, NewBypassSchema, NewFreezeSchema } from '../schema/freeze.ts';
import { answer, BEARER, body, createRoutes, PROBLEMS } from './describe.ts';

const Id = z.object({ id: z.string() });
const common = { tags: ['freezes'], security: BEARER };
const list = createRoute({
  ...common,
  method: 'get',
  path: '/freezes',
  summary: 'Freezes that are on or still to come, oldest first',
  request: {
    query: z.object({
      project: z.string().optional().openapi({ description: 'Those that concern this project' }),
      environment: z.string().optional().openapi({ description: 'Those that concern this environment' }),
    }),
  },
  responses: { 200: answer(z.object({ freezes: z.array(FreezeSchema) }), 'Freezes'), ...PROBLEMS },
});
const create = createRoute({
  ...common,
  method: 'post',
  path: '/freezes',
  summary: 'Freeze environments, once or every week (release-manager)',
  description:
    'Pushes wait with the reason `freeze`; `underWay` says what becomes of releases that run. A person’s rollback is always possible.',
  request: { body: body(NewFreezeSchema) },
  responses: { 201: answer(FreezeSchema, 'The freeze'), ...PROBLEMS },
});
const end = createRoute({
  ...common,
  method: 'delete',
  path: '/freezes/{id}',
  summary: 'End a freeze at once (release-manager)',
  request: { params: Id, query: z.object({ comment: z.string().max(2_000).default('') }) },
  responses: { 204: { description: 'Ended' }, ...PROBLEMS },
});
const bypass = createRoute({
  ...common,
  method: 'post',
  path: '/freezes/{id}/bypass',
  summary: 'Let a release, or all of an environment, pass a freeze (release-manager, with a comment)',
  description:
    'For the stretch that is on now, or else the next one. The record of the environment may ask for another role (`protection.bypassRole`).',
  request: { params: Id, body: body(NewBypassSchema) },
  responses: { 201: answer(BypassSchema, 'Who may pass, and until when'), ...PROBLEMS },
});

export function freezeRoutes(parts: ApiParts) {
  const { db } = parts;
  const routes = createRoutes();

  routes.openapi(list, async (c) => {
    const principal = c.get('principal');
    const { project, environment } = c.req.valid('query');
    const now = Date.now();
    const freezes = (await listFreezes(db, now)).filter(
      (freeze) =>
        seesFreeze(principal, freeze) &&
        (project === undefined || [null, project].includes(freeze.project)) &&
        (environment === undefined || [null, environment].includes(freeze.environment)),
    );
    const bypasses = (await listBypasses(db, freezes, now)).filter((one) => sees(principal, one.project));
    const views = freezes.map((freeze) =>
      freezeView(
        freeze,
        bypasses.filter(({ freezeId }) => freezeId === freeze.id),
        now,
      ),
    );
    return c.json({ freezes: views }, 200);
  });

  routes.openapi(create, async (c) => {
    const freeze = await createFreeze(parts, c.get('principal'), c.req.valid('json'));
    return c.json(freezeView(freeze, [], Date.now()), 201);
  });

  routes.openapi(end, async (c) => {
    await finishFreeze(parts, c.get('principal'), c.req.valid('param').id, c.req.valid('query').comment);
    return c.body(null, 204);
  });

  routes.openapi(bypass, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(bypassView(await passFreeze(parts, c.get('principal'), id, c.req.valid('json'))), 201);
  });
  return routes;
}
