/** The console's style sheet, script and icon: read once, sent with a hash so that a browser asks only whether it changed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Hono } from 'hono';
import { ASSETS } from '../../console/index.ts';
import type { ApiEnv } from '../parts.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export function assetPages(app: Hono<ApiEnv>): void {
  const files = new Map(
    readdirSync(ASSETS).map((name) => {
      const content = readFileSync(join(ASSETS, name));
      const etag = `"${createHash('sha256').update(content).digest('hex').slice(0, 32)}"`;
      return [name, { content, etag, type: TYPES[extname(name)] ?? 'application/octet-stream' }];
    }),
  );
  app.get('/assets/:name', (c) => {
    const file = files.get(c.req.param('name'));
    if (!file) return c.notFound();
    const headers = { etag: file.etag, 'cache-control': 'no-cache', 'content-type': file.type };
    if (c.req.header('if-none-match') === file.etag) return c.body(null, 304, headers);
    return c.body(new Uint8Array(file.content), 200, headers);
  });
}
