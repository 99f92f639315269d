/** What an operator's probes ask: whether this process lives, whether all parts answer, and its counters. No token. */
import { createRoute, z } from '@hono/zod-openapi';
import { createReadiness, PARTS } from '../health.ts';
import type { ApiParts } from '../parts.ts';
import { answer, createRoutes } from './describe.ts';

const STATE = { state: z.enum(['up', 'down']), detail: z.string() };
const ReadinessSchema = z
  .object({
    /** All parts are up; a further region that is away holds up only what is released there. */
    ready: z.boolean(),
    parts: z.array(z.object({ part: z.enum(PARTS), ...STATE })).readonly(),
    /** The home region, then those of `SLUICE_REGIONS`. */
    regions: z.array(z.object({ region: z.string(), ...STATE })).readonly(),
  })
  .openapi('Readiness');

const TAGS = ['health'];

const alive = createRoute({
  method: 'get',
  path: '/healthz',
  tags: TAGS,
  summary: 'Whether this process lives',
  responses: { 200: answer(z.object({ status: z.literal('ok') }), 'It does') },
});

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  tags: TAGS,
  summary: 'Whether all that releases need answers, part by part and region by region',
  responses: {
    200: answer(ReadinessSchema, 'All parts answer'),
    503: answer(ReadinessSchema, 'At least one does not'),
  },
});

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  tags: TAGS,
  summary: 'Counters of this process for Prometheus',
  responses: { 200: { description: 'Text format', content: { 'text/plain': { schema: z.string() } } } },
});

export function healthRoutes(parts: ApiParts) {
  const routes = createRoutes();
  const { region, fcEndpoint, regions } = parts.config;
  const readiness = createReadiness({
    db: parts.db,
    workflows: parts.workflows,
    home: { name: region, endpoint: fcEndpoint },
    regions,
  });
  routes.openapi(alive, (c) => c.json({ status: 'ok' as const }, 200));
  routes.openapi(ready, async (c) => {
    const state = await readiness();
    return c.json(state, state.ready ? 200 : 503);
  });
  routes.openapi(metrics, async (c) =>
    c.text(await parts.metrics.registry.metrics(), 200, {
      'content-type': parts.metrics.registry.contentType,
    }),
  );
  return routes;
}
