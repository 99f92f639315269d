/** Variables of an environment: what `${env(NAME)}` in manifests stands for. Changed by release managers, read by all. */
import { createRoute, z } from '@hono/zod-openapi';
import { changeEnvironment } from '../change-environment.ts';
import type { ApiParts } from '../parts.ts';
import { VariablesSchema } from '../schema/environment.ts';
import { VariablesChangeSchema, VariablesInput } from '../schema/project.ts';
import { answer, BEARER, body, createRoutes, invalidRequest, PROBLEMS } from './describe.ts';
import { visibleEnvironment } from './environments.ts';

const change = createRoute({
  tags: ['environments'],
  security: BEARER,
  method: 'patch',
  path: '/environments/{id}/variables',
  summary: 'Set or remove variables of an environment (release-manager)',
  description:
    'Plain values that everybody who sees the project may read, and that the next release takes: no place for secrets.',
  request: { params: z.object({ id: z.string() }), body: body(VariablesChangeSchema) },
  responses: {
    200: answer(z.object({ variables: VariablesSchema }), 'All variables, after the change'),
    ...PROBLEMS,
  },
});

export function variableRoutes(parts: ApiParts) {
  const routes = createRoutes();
  routes.openapi(change, async (c) => {
    const principal = c.get('principal');
    const { variables: wish } = c.req.valid('json');
    const state = await visibleEnvironment(parts, principal, c.req.valid('param').id);
    // The audit keeps names only: what was set by mistake must not stay for ever.
    const names = (isGone: boolean) => Object.keys(wish).filter((name) => (wish[name] === null) === isGone);
    const { variables = {} } = await changeEnvironment(parts, principal, state, {
      action: 'environment.variables',
      role: 'release-manager',
      detail: { set: names(false), removed: names(true) },
      change: (old) => ({ ...old, variables: merged(old.variables ?? {}, wish) }),
    });
    return c.json({ variables }, 200);
  });
  return routes;
}

/** @throws Problem 422 where there would be too many */
function merged(
  old: Readonly<Record<string, string>>,
  wish: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const all = Object.entries({ ...old, ...wish }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  const checked = VariablesInput.safeParse(Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1))));
  if (!checked.success) throw invalidRequest('json', checked.error.issues);
  return checked.data;
}
