/** Variables of an environment: what `${env(NAME)}` in manifests stands for. Changed by release managers, read by all. */
import { createRoute, z } from '@hono/zod-openapi';
import { changeProject, lockProject, type Project } from '../../store/projects.ts';
import { audited } from '../auth/audited.ts';
import { requireRole } from '../auth/principal.ts';
import type { ApiParts } from '../parts.ts';
import { notFound } from '../problem.ts';
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
    const { project, record: environment } = await visibleEnvironment(
      parts,
      principal,
      c.req.valid('param').id,
    );
    const target = `environment:${project}.${environment.name}`;
    // The audit keeps names only: what was set by mistake must not stay for ever.
    const names = (isGone: boolean) => Object.keys(wish).filter((name) => (wish[name] === null) === isGone);
    const detail = { set: names(false), removed: names(true) };
    const act = { principal, action: 'environment.variables', target, detail };
    const variables = await audited(parts, act, async (record) => {
      requireRole(principal, 'release-manager');
      return parts.db.transaction().execute(async (tx) => {
        const present = await lockProject(tx, project);
        const old = present?.environments.find(({ name }) => name === environment.name);
        if (!present || !old) throw notFound(`environment ${project}.${environment.name}`);
        const changed = merged(old.variables ?? {}, wish);
        await changeProject(tx, project, { environments: withVariables(present, environment.name, changed) });
        await record(tx);
        return changed;
      });
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

function withVariables({ environments }: Project, name: string, variables: Readonly<Record<string, string>>) {
  return environments.map((one) => (one.name === name ? { ...one, variables } : one));
}
