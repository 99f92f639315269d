/** `GET /events`: the live stream (server-sent events). `id:` is the event's id, so a reader resumes by Last-Event-ID. */
import { createRoute, z } from '@hono/zod-openapi';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import { findTokenById } from '../../store/tokens.ts';
import { ADMIN, requireProject, sees, type Principal } from '../auth/principal.ts';
import type { FeedFilter } from '../event-feed.ts';
import type { ApiParts } from '../parts.ts';
import { unreachable503 } from '../problem.ts';
import { eventView } from '../views.ts';
import { BEARER, createRoutes, PROBLEMS } from './describe.ts';
import { visibleRelease } from './releases.ts';

/** Comments that keep proxies from closing a quiet stream, milliseconds. The token is looked at again each time. */
const HEARTBEAT_MS = 15_000;
const MOST_STREAMS = 500;

const EventId = z
  .string()
  .regex(/^\d{1,15}$/, 'the id of an event')
  .transform(Number);

const stream = createRoute({
  method: 'get',
  path: '/events',
  tags: ['releases'],
  security: BEARER,
  summary: 'Events as they happen (SSE); `data` is an Event',
  request: {
    query: z.object({
      release: z.string().optional(),
      project: z.string().optional(),
      after: EventId.optional().openapi({
        description: 'Begin after this event; Last-Event-ID goes before it',
      }),
    }),
    headers: z.object({ 'last-event-id': EventId.optional() }),
  },
  responses: {
    200: {
      description: 'text/event-stream without end',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...PROBLEMS,
  },
});

export function eventRoutes(parts: ApiParts) {
  const routes = createRoutes();
  let open = 0;
  routes.openapi(stream, async (c) => {
    const principal = c.get('principal');
    const { release, project, after } = c.req.valid('query');
    if (project !== undefined) requireProject(principal, project);
    if (release !== undefined) await visibleRelease(parts, principal, release);
    if (open >= MOST_STREAMS)
      throw unreachable503('too-many-streams', `${MOST_STREAMS} readers are connected; try again later`);
    const begin = c.req.valid('header')['last-event-id'] ?? after;
    const filter = { releaseId: release, project, sees: (name: string) => sees(principal, name) };
    // Nothing between us and the reader may hold events back.
    c.header('x-accel-buffering', 'no');
    c.header('cache-control', 'no-store');
    open += 1;
    parts.metrics.streams.set(open);
    return streamSSE(c, async (sse) => {
      try {
        await tell(parts, principal, sse, begin, filter);
      } finally {
        open -= 1;
        parts.metrics.streams.set(open);
      }
    });
  });
  return routes;
}

async function tell(
  parts: ApiParts,
  principal: Principal,
  sse: SSEStreamingApi,
  begin: number | undefined,
  filter: FeedFilter,
): Promise<void> {
  const gone = new AbortController();
  sse.onAbort(() => gone.abort());
  parts.feed.closed.addEventListener('abort', () => gone.abort(), { once: true, signal: gone.signal });
  await sse.write(': connected\nretry: 1000\n\n');
  const beat = async (): Promise<void> => {
    if (!(await isStillGood(parts, principal))) gone.abort();
    else if (!sse.closed) await sse.write(': still here\n\n');
  };
  const heartbeat = setInterval(() => {
    void beat();
  }, HEARTBEAT_MS);
  try {
    // Each write waits until the reader took the one before: a slow reader holds up only itself.
    for await (const { project, stored } of parts.feed.read(begin, filter, gone.signal))
      await sse.writeSSE({ id: String(stored.id), data: JSON.stringify(eventView(stored, project)) });
  } finally {
    clearInterval(heartbeat);
    gone.abort();
  }
}

/** A revoked token ends its streams; a database that does not answer does not. */
async function isStillGood(parts: ApiParts, principal: Principal): Promise<boolean> {
  if (principal.id === ADMIN.id) return true;
  return findTokenById(parts.db, principal.id).then(
    (token) => token !== undefined,
    () => true,
  );
}
