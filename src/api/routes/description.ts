/** `GET /openapi.json`: what the routes say of themselves, each with a name that generated clients call it by. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnv } from '../parts.ts';

/**
 * A name made of method and path, so that it stays as long as they do: `GET /api/v1/releases/{id}/events` is
 * `getReleasesByIdEvents`.
 */
export function operationIdOf(method: string, path: string): string {
  const words = path.split('/').filter((part) => part !== '' && part !== 'api' && part !== 'v1');
  const named = words.map((word) => {
    const [, param] = /^\{(\w+)\}$/.exec(word) ?? [];
    return param === undefined ? pascal(word) : `By${pascal(param)}`;
  });
  return `${method}${named.join('')}`;
}

export function describeAt(app: OpenAPIHono<ApiEnv>, publicUrl: string): void {
  app.get('/openapi.json', (c) => {
    const document = app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Sluice',
        version: '1',
        description: 'Gray releases for serverless functions. Errors are RFC 9457 problem documents.',
      },
      servers: [{ url: publicUrl }],
    });
    const paths = Object.entries(document.paths ?? {}).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(item as object).map(([method, operation]: [string, object]) => [
          method,
          { operationId: operationIdOf(method, path), ...operation },
        ]),
      ),
    ]);
    return c.json({ ...document, paths: Object.fromEntries(paths) as object });
  });
}

function pascal(word: string): string {
  return word
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
