/** `POST /webhooks/{provider}/{project}`: the one door that needs no token; the signature stands for it. */
import { createRoute, z } from '@hono/zod-openapi';
import { findRelease } from '../../store/releases.ts';
import type { ApiParts } from '../parts.ts';
import { releaseUrl } from '../views.ts';
import { readBody } from '../webhooks/body.ts';
import { receiveWebhook, webhookProvider, webhookTarget } from '../webhooks/receive.ts';
import { answer, createRoutes, PROBLEMS } from './describe.ts';

const LIMIT_BYTES = 5 * 1024 * 1024;

const Started = z.object({ id: z.string(), state: z.string(), url: z.string() });
const WebhookAnswer = z.union([
  Started.extend({ releases: z.array(Started).optional() }),
  z.object({
    ignored: z.literal(true),
    code: z.string(),
    reason: z.string(),
    /** Release that the reason is about. */
    release: z.string().optional(),
  }),
]);

const receive = createRoute({
  method: 'post',
  path: '/webhooks/{provider}/{project}',
  tags: ['webhooks'],
  summary: 'Take a push from a git provider',
  description:
    'Signed over the raw bytes: `X-Hub-Signature-256` (github) or `X-Sluice-Signature` (generic). Not more than 5 MB.',
  request: { params: z.object({ provider: z.string(), project: z.string() }) },
  responses: {
    202: answer(
      WebhookAnswer,
      'The release (several environments: the first, and all), or why there is none',
    ),
    ...PROBLEMS,
  },
});

export function webhookRoutes(parts: ApiParts) {
  const routes = createRoutes();
  routes.openapi(receive, async (c) => {
    const { provider: name, project } = c.req.valid('param');
    const provider = webhookProvider(name);
    const target = await webhookTarget(parts, project);
    const bytes = await readBody(c, LIMIT_BYTES);
    const { outcome, made } = await receiveWebhook(parts, provider, target, {
      header: (header) => c.req.header(header),
      body: bytes,
    });
    if (outcome.ignored) return c.json(outcome, 202);
    const releases = await Promise.all(
      outcome.releases.map(async (id) => ({
        id,
        // What was stored just now waits to be handed over.
        state: made.includes(id) ? 'queued' : ((await findRelease(parts.db, id))?.progress.state ?? 'queued'),
        url: releaseUrl(parts.config.publicUrl, id),
      })),
    );
    const [first = { id: '', state: 'queued', url: '' }, ...others] = releases;
    return c.json(others.length > 0 ? { ...first, releases } : first, 202);
  });
  return routes;
}
