/** Projects: their records, changed by admins only, and starting a release by hand. */
import { randomBytes } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { NotificationChannel } from '../../domain/notify/channel.ts';
import { defaultEnvironments } from '../../domain/plan/environment.ts';
import {
  changeProject,
  createProject,
  deleteProject,
  findProject,
  listProjects,
  lockProject,
  type Project,
  type ProjectChange,
} from '../../store/projects.ts';
import { listActiveReleases } from '../../store/releases.ts';
import { listAllChannels, listChannels } from '../../store/notification-channels.ts';
import { audited } from '../auth/audited.ts';
import { requireProject, requireRole, requireUnbound, sees, type Principal } from '../auth/principal.ts';
import { auditedChannels, channelView, setChannels } from '../notifications.ts';
import type { ApiParts } from '../parts.ts';
import { notFound, Problem } from '../problem.ts';
import { requireRepository } from '../repository.ts';
import { NewProjectSchema, ProjectChangeSchema, ProjectViewSchema } from '../schema/project.ts';
import { ReleaseViewSchema } from '../schema/release.ts';
import { startRelease } from '../start-release.ts';
import { iso, releaseView, type ProjectView } from '../views.ts';
import { CommitId, RefName } from '../webhooks/provider.ts';
import { answer, BEARER, body, createRoutes, IdempotencyHeader, PROBLEMS } from './describe.ts';

const Name = z.object({ project: z.string() });
const StartSchema = z
  .strictObject({
    ref: RefName.optional(),
    commit: CommitId.optional(),
    environment: z.string(),
    dryRun: z.boolean().default(false),
    /** Release a commit that was taken back before (release-manager). */
    overrideQuarantine: z.boolean().default(false),
  })
  .refine((wish) => wish.ref !== undefined || wish.commit !== undefined, 'name a ref, a commit, or both')
  .openapi('StartRelease');

const common = { tags: ['projects'], security: BEARER };
const list = createRoute({
  ...common,
  method: 'get',
  path: '/projects',
  summary: 'Projects that the token may see',
  responses: { 200: answer(z.object({ projects: z.array(ProjectViewSchema) }), 'Projects'), ...PROBLEMS },
});
const create = createRoute({
  ...common,
  method: 'post',
  path: '/projects',
  summary: 'Add a project (admin)',
  request: { body: body(NewProjectSchema) },
  responses: { 201: answer(ProjectViewSchema, 'The project'), ...PROBLEMS },
});
const show = createRoute({
  ...common,
  method: 'get',
  path: '/projects/{project}',
  summary: 'One project',
  request: { params: Name },
  responses: { 200: answer(ProjectViewSchema, 'The project'), ...PROBLEMS },
});
const change = createRoute({
  ...common,
  method: 'patch',
  path: '/projects/{project}',
  summary: 'Change a project (admin); what is not named stays',
  request: { params: Name, body: body(ProjectChangeSchema) },
  responses: { 200: answer(ProjectViewSchema, 'The project'), ...PROBLEMS },
});
const remove = createRoute({
  ...common,
  method: 'delete',
  path: '/projects/{project}',
  summary: 'Remove a project (admin); its releases stay readable, what runs goes on running',
  request: { params: Name },
  responses: { 204: { description: 'Removed' }, ...PROBLEMS },
});
const start = createRoute({
  ...common,
  method: 'post',
  path: '/projects/{project}/releases',
  tags: ['releases'],
  summary: 'Start a release by hand (developer; a commit without a ref: release-manager)',
  request: { params: Name, headers: IdempotencyHeader, body: body(StartSchema) },
  responses: { 202: answer(ReleaseViewSchema, 'The release'), ...PROBLEMS },
});

export function projectRoutes(parts: ApiParts) {
  const { db, config } = parts;
  const views = async (projects: readonly Project[]) => {
    const channels = await listAllChannels(
      db,
      projects.map(({ name }) => name),
    );
    return projects.map((one) => projectView(one, channels.get(one.name) ?? [], config.publicUrl));
  };
  const view = async (project: Project) =>
    projectView(project, await listChannels(db, project.name), config.publicUrl);
  const routes = createRoutes();

  routes.openapi(list, async (c) => {
    const principal = c.get('principal');
    const projects = (await listProjects(db)).filter((p) => sees(principal, p.name));
    return c.json({ projects: await views(projects) }, 200);
  });

  routes.openapi(create, async (c) => {
    const principal = c.get('principal');
    const wish = c.req.valid('json');
    const { webhookSecret: _secret, notifications, ...shown } = wish;
    const detail = { ...shown, ...auditedChannels(notifications) };
    const act = { principal, action: 'project.create', target: `project:${wish.name}`, detail };
    const created = await audited(parts, act, async (record) => {
      requireRole(principal, 'admin');
      requireUnbound(principal);
      await requireRepository(wish.repository, config.localRepositories);
      return db.transaction().execute(async (tx) => {
        const project = await createProject(tx, {
          ...wish,
          // A secret that nobody knows: no delivery fits until somebody sets one.
          webhookSecret: wish.webhookSecret ?? randomBytes(32).toString('base64url'),
          environments: wish.environments ?? defaultEnvironments(wish.defaultBranch),
        });
        if (!project)
          throw new Problem({
            status: 409,
            code: 'project-exists',
            detail: `there is a project ${wish.name} already`,
          });
        await setChannels(tx, project.name, notifications);
        await record(tx);
        return project;
      });
    });
    return c.json(await view(created), 201, { location: `/api/v1/projects/${created.name}` });
  });

  routes.openapi(show, async (c) =>
    c.json(await view(await visibleProject(parts, c.get('principal'), c.req.valid('param').project)), 200),
  );

  routes.openapi(change, async (c) => {
    const principal = c.get('principal');
    const { project: name } = c.req.valid('param');
    const { notifications, ...named } = c.req.valid('json');
    const wish = given(named);
    const before = await visibleProject(parts, principal, name);
    const { webhookSecret: secret, ...shown } = wish;
    const detail = {
      ...shown,
      ...(secret !== undefined && { webhookSecretChanged: true }),
      ...auditedChannels(notifications),
    };
    const act = { principal, action: 'project.change', target: `project:${name}`, detail };
    const changed = await audited(parts, act, async (record) => {
      requireRole(principal, 'admin');
      if (wish.repository !== undefined) await requireRepository(wish.repository, config.localRepositories);
      await requireIdleAliases(parts, before, wish);
      return db.transaction().execute(async (tx) => {
        const present = await lockProject(tx, name);
        const project = present && (await changeProject(tx, name, keepVariables(present, wish)));
        if (!project) throw notFound(`project ${name}`);
        await setChannels(tx, name, notifications);
        await record(tx);
        return project;
      });
    });
    return c.json(await view(changed), 200);
  });

  routes.openapi(remove, async (c) => {
    const principal = c.get('principal');
    const { project: name } = c.req.valid('param');
    await visibleProject(parts, principal, name);
    const act = { principal, action: 'project.delete', target: `project:${name}`, detail: {} };
    await audited(parts, act, async (record) => {
      requireRole(principal, 'admin');
      const [busy] = await listActiveReleases(db, { project: name });
      if (busy)
        throw new Problem({
          status: 409,
          code: 'project-busy',
          detail: `release ${busy.number} of ${name} has not ended (${busy.progress.state}); abort it first`,
          extra: { release: busy.id },
        });
      await db.transaction().execute(async (tx) => {
        await deleteProject(tx, name);
        await record(tx);
      });
    });
    return c.body(null, 204);
  });

  routes.openapi(start, async (c) => {
    const principal = c.get('principal');
    const project = await visibleProject(parts, principal, c.req.valid('param').project);
    const { ref, commit, environment, dryRun, overrideQuarantine } = c.req.valid('json');
    const idempotencyKey = c.req.valid('header')['idempotency-key'];
    const wish = { ref, commit, environment, dryRun, overrideQuarantine, idempotencyKey };
    return c.json(releaseView(await startRelease(parts, principal, project, wish), config.publicUrl), 202);
  });
  return routes;
}

/** @throws Problem 404, the same for a project that is not there and one that the token may not see */
export async function visibleProject(parts: ApiParts, principal: Principal, name: string): Promise<Project> {
  requireProject(principal, name);
  const project = await findProject(parts.db, name);
  if (!project) throw notFound(`project ${name}`);
  return project;
}

function projectView(
  project: Project,
  channels: readonly NotificationChannel[],
  publicUrl: string,
): ProjectView {
  return {
    name: project.name,
    repository: project.repository,
    provider: project.provider,
    defaultBranch: project.defaultBranch,
    environments: project.environments.map((e) => ({
      ...e,
      branches: [...e.branches],
      tags: [...e.tags],
      protection: { ...e.protection },
    })),
    notifications: channels.map(channelView),
    webhookUrl: `${publicUrl.replace(/\/$/, '')}/webhooks/${project.provider}/${project.name}`,
    createdAt: iso(project.createdAt),
    updatedAt: iso(project.updatedAt),
  };
}

/**
 * An alias that an environment gives up is free for others, so nothing of its own may be under way behind it.
 *
 * @throws Problem 409 `environment-busy`
 */
async function requireIdleAliases(
  { db }: ApiParts,
  { name, environments }: Project,
  wish: ProjectChange,
): Promise<void> {
  const left = environments.filter(
    (old) => !(wish.environments ?? environments).some((e) => e.name === old.name && e.alias === old.alias),
  );
  for (const { name: environment, alias } of left) {
    const [busy] = await listActiveReleases(db, { project: name, environment });
    if (busy)
      throw new Problem({
        status: 409,
        code: 'environment-busy',
        detail: `release ${busy.number} of ${name} is under way behind ${alias} (${busy.progress.state}); abort it first`,
        extra: { release: busy.id },
      });
  }
}

/** Variables are changed by release managers on their own: who changes the record and names none keeps them. */
function keepVariables({ environments: old }: Project, wish: ProjectChange): ProjectChange {
  if (wish.environments === undefined) return wish;
  const environments = wish.environments.map((one) => {
    const variables = one.variables ?? old.find(({ name }) => name === one.name)?.variables;
    return variables === undefined ? one : { ...one, variables };
  });
  return { ...wish, environments };
}

/** Without the members that are `undefined`: they mean "not given". */
function given(wish: Omit<z.infer<typeof ProjectChangeSchema>, 'notifications'>): ProjectChange {
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) as ProjectChange;
}
