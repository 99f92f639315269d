/** How often, how fast and how well an environment is released. */
import { createRoute, z } from '@hono/zod-openapi';
import { environmentId } from '../../domain/plan/environment.ts';
import { figuresView } from '../figures.ts';
import type { ApiParts } from '../parts.ts';
import { FiguresSchema } from '../schema/figures.ts';
import { answer, BEARER, createRoutes, PROBLEMS } from './describe.ts';
import { visibleEnvironment } from './environments.ts';

const read = createRoute({
  tags: ['environments'],
  security: BEARER,
  method: 'get',
  path: '/figures',
  summary: 'The four DORA figures of an environment, from its events',
  request: {
    query: z.object({
      project: z.string(),
      environment: z.string(),
      days: z.coerce
        .number()
        .int()
        .min(1)
        .max(366)
        .default(30)
        .openapi({ description: 'So many days back from now' }),
    }),
  },
  responses: { 200: answer(FiguresSchema, 'Figures'), ...PROBLEMS },
});

export function figureRoutes(parts: ApiParts) {
  const routes = createRoutes();
  routes.openapi(read, async (c) => {
    const { project, environment, days } = c.req.valid('query');
    await visibleEnvironment(parts, c.get('principal'), environmentId(project, environment));
    return c.json(await figuresView(parts.db, { project, environment, days }), 200);
  });
  return routes;
}
