/** `GET /schemas/sluice.yml/v1.json`: what editors check a `sluice.yml` by. Open to everybody, from every page. */
import { createHash } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import { PLAN_SCHEMA_PATH, planJsonSchema } from '../../domain/plan/json-schema.ts';
import type { ApiEnv, ApiParts } from '../parts.ts';
import { createRoutes } from './describe.ts';

const show = createRoute({
  method: 'get',
  path: PLAN_SCHEMA_PATH,
  tags: ['schemas'],
  summary: 'JSON Schema (draft 7) of sluice.yml',
  responses: {
    200: {
      description: 'The schema',
      content: { 'application/schema+json': { schema: z.looseObject({ $id: z.string() }) } },
    },
    304: { description: 'As the caller has it (If-None-Match)' },
  },
});

export function schemaRoutes({ config }: ApiParts) {
  const text = `${JSON.stringify(planJsonSchema(config.publicUrl), undefined, 2)}\n`;
  const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`;
  const routes = createRoutes();
  routes.openapi(show, (c) => {
    const headers = {
      etag,
      'cache-control': 'public, max-age=3600',
      'content-type': 'application/schema+json; charset=utf-8',
    };
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
    return c.body(text, 200, headers);
  });
  return routes;
}

/** Outside of the security headers, whose same-origin rule would keep editors in a browser out. */
export const openToAll = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  c.res.headers.set('access-control-allow-origin', '*');
  c.res.headers.set('cross-origin-resource-policy', 'cross-origin');
});
