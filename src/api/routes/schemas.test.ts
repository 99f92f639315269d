import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';

let api: ApiServer;
beforeAll(async () => {
  api = await startApiServer();
}, 60_000);
afterAll(() => api?.stop());

const PATH = '/schemas/sluice.yml/v1.json';

test('the schema is the repository’s, under the address by which it was asked for', async () => {
  const answer = await fetch(`${api.url}${PATH}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('application/schema+json');
  const schema = (await answer.json()) as Record<string, unknown>;
  expect(schema['$id']).toMatch(new RegExp(`^http.+${PATH}$`));
  const published = readFileSync(new URL('../../../docs/sluice.schema.json', import.meta.url), 'utf8');
  expect({ ...schema, $id: PATH }).toEqual(JSON.parse(published));
});

test('editors need no token, may ask from any page, and keep what they have', async () => {
  const answer = await fetch(`${api.url}${PATH}`, { headers: { origin: 'https://editor.example' } });
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  expect(answer.headers.get('cache-control')).toBe('public, max-age=3600');
  const again = await fetch(`${api.url}${PATH}`, {
    headers: { 'if-none-match': answer.headers.get('etag') ?? '' },
  });
  expect(again.status).toBe(304);
  const missing = await fetch(`${api.url}/schemas/sluice.yml/v9.json`);
  expect(missing.status).toBe(404);
});

test('OpenAPI names it', async () => {
  const { paths } = (await (await fetch(`${api.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(paths)).toContain(PATH);
});
