/** The API put together: headers, metrics, authentication, routes, and one way for everything that goes wrong. */
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { HTTPException } from 'hono/http-exception';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { routePath } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import { ensureError } from '../platform/errors.ts';
import { authenticate } from './auth/authenticate.ts';
import { databaseLost, isDatabaseLost, isTextRefused } from './database-retry.ts';
import { problemPage, wantsPage } from './pages/page.tsx';
import { consolePages } from './pages/pages.tsx';
import type { ApiEnv, ApiParts } from './parts.ts';
import { discardBody } from './discard-body.ts';
import { notFound, Problem, tooLarge } from './problem.ts';
import { accessRoutes } from './routes/access.ts';
import { createRoutes } from './routes/describe.ts';
import { describeAt } from './routes/description.ts';
import { environmentRoutes } from './routes/environments.ts';
import { eventRoutes } from './routes/events.ts';
import { figureRoutes } from './routes/figures.ts';
import { freezeRoutes } from './routes/freezes.ts';
import { healthRoutes } from './routes/health.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { projectRoutes } from './routes/projects.ts';
import { protectionRoutes } from './routes/protection.ts';
import { quarantineRoutes } from './routes/quarantine.ts';
import { releaseRoutes } from './routes/releases.ts';
import { replayRoutes } from './routes/replay.ts';
import { openToAll, schemaRoutes } from './routes/schemas.ts';
import { variableRoutes } from './routes/variables.ts';
import { webhookRoutes } from './routes/webhooks.ts';

const API_LIMIT_BYTES = 1024 * 1024;

export function createApp(parts: ApiParts) {
  const app = createRoutes();
  app.onError((error, c) => answerTo(error, c, parts));
  app.notFound((c) => {
    const problem = notFound(`page or resource at ${c.req.path}`);
    return wantsPage(c) ? problemPage(c, problem) : problem.toResponse();
  });
  app.use(measure(parts));
  app.use('/schemas/*', openToAll);
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
      referrerPolicy: 'same-origin',
      xFrameOptions: 'DENY',
      // Where TLS ends is the operator's choice; saying it here would lock plain local use out.
      strictTransportSecurity: parts.config.publicUrl.startsWith('https:'),
    }),
  );
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) =>
        new Problem({
          status: 405,
          code: 'method-not-allowed',
          detail: `${c.req.path} takes ${methods.join(', ')}`,
          headers: { allow: methods.join(', ') },
        }).toResponse(),
    }),
  );

  app.route('/', healthRoutes(parts));
  app.route('/', webhookRoutes(parts));
  app.route('/', schemaRoutes(parts));

  app.use('/api/*', authenticate(parts));
  app.use(
    '/api/*',
    bodyLimit({
      maxSize: API_LIMIT_BYTES,
      onError: async (c) => {
        await discardBody(c.req.raw.body);
        throw tooLarge('1 MB');
      },
    }),
  );
  app.use('/api/*', async (c, next) => {
    await next();
    // What one token may see is nobody else's.
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
  });
  for (const routes of [
    projectRoutes,
    notificationRoutes,
    releaseRoutes,
    replayRoutes,
    environmentRoutes,
    variableRoutes,
    protectionRoutes,
    figureRoutes,
    freezeRoutes,
    quarantineRoutes,
    accessRoutes,
    eventRoutes,
  ])
    app.route('/api/v1', routes(parts));

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  describeAt(app, parts.config.publicUrl);
  app.route('/', consolePages(parts));
  return app;
}

/** Everything thrown becomes a problem document; what nobody foresaw is logged and says nothing of itself. */
function answerTo(error: unknown, c: Context, { log }: Pick<ApiParts, 'log'>): Response | Promise<Response> {
  const problem = problemOf(error);
  if (problem.status >= 500)
    log.error({ err: ensureError(error), method: c.req.method, path: c.req.path }, 'a request failed');
  return wantsPage(c) ? problemPage(c, problem) : problem.toResponse();
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isDatabaseLost(error)) return databaseLost(error);
  if (error instanceof HTTPException) {
    if (error.status === 415)
      return new Problem({
        status: 415,
        code: 'media-type-unsupported',
        detail: 'send JSON, with content-type: application/json',
      });
    if (error.status === 400)
      return new Problem({ status: 400, code: 'malformed-json', detail: 'the body is not JSON' });
    return new Problem({ status: error.status, code: 'request-refused', detail: error.message || 'refused' });
  }
  if (isTextRefused(error))
    return new Problem({
      status: 400,
      code: 'invalid-request',
      detail: 'the address holds a NUL character, which no name has',
      cause: error,
    });
  return new Problem({
    status: 500,
    code: 'internal',
    detail: 'something failed inside; the log of the API says what',
    cause: error,
  });
}

function measure({ metrics, log }: Pick<ApiParts, 'metrics' | 'log'>) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const began = performance.now();
    await next();
    const seconds = (performance.now() - began) / 1_000;
    const { method } = c.req;
    const route = routePath(c, -1);
    metrics.requests.observe({ method, route, status: String(c.res.status) }, seconds);
    log.debug(
      { method, path: c.req.path, status: c.res.status, ms: Math.round(seconds * 1_000) },
      'answered',
    );
  });
}
