/** Protection of an environment: what the project's record asks of every plan. Changed by admins, member by member. */
import { createRoute, z } from '@hono/zod-openapi';
import { changeEnvironment } from '../change-environment.ts';
import type { ApiParts } from '../parts.ts';
import { ProtectionSchema } from '../schema/environment.ts';
import { ProtectionChangeSchema } from '../schema/project.ts';
import { answer, BEARER, body, createRoutes, PROBLEMS } from './describe.ts';
import { visibleEnvironment } from './environments.ts';

const change = createRoute({
  tags: ['environments'],
  security: BEARER,
  method: 'patch',
  path: '/environments/{id}/protection',
  summary: 'Change what plans of an environment must be like (admin); what is not named stays',
  request: { params: z.object({ id: z.string() }), body: body(ProtectionChangeSchema) },
  responses: {
    200: answer(z.object({ protection: ProtectionSchema }), 'All of it, after the change'),
    ...PROBLEMS,
  },
});

export function protectionRoutes(parts: ApiParts) {
  const routes = createRoutes();
  routes.openapi(change, async (c) => {
    const principal = c.get('principal');
    const wish = c.req.valid('json');
    const state = await visibleEnvironment(parts, principal, c.req.valid('param').id);
    const { protection } = await changeEnvironment(parts, principal, state, {
      action: 'environment.protection',
      role: 'admin',
      detail: wish,
      change: (old) => ({ ...old, protection: { ...old.protection, ...wish } }),
    });
    return c.json({ protection }, 200);
  });
  return routes;
}
