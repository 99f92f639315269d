/**
 * Projects: what is released from where to where. The webhook secret is read by one function only, the webhook's;
 * no other query selects it.
 */
import { sql, type Selectable } from 'kysely';
import { completeEnvironment, type EnvironmentRecord } from '../domain/plan/environment.ts';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export interface Project {
  readonly name: string;
  readonly repository: string;
  readonly provider: string;
  readonly defaultBranch: string;
  readonly environments: readonly EnvironmentRecord[];
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface NewProject {
  readonly name: string;
  readonly repository: string;
  readonly provider: string;
  readonly webhookSecret: string;
  readonly defaultBranch: string;
  readonly environments: readonly EnvironmentRecord[];
}

export type ProjectChange = Partial<Omit<NewProject, 'name'>>;

const COLUMNS = [
  'id',
  'repository',
  'provider',
  'default_branch',
  'environments',
  'created_at',
  'updated_at',
] as const;

/** Stores a project. @returns `undefined` when the name is taken */
export async function createProject(db: Db, project: NewProject): Promise<Project | undefined> {
  const row = await db
    .insertInto('projects')
    .values({
      id: project.name,
      repository: project.repository,
      provider: project.provider,
      webhook_secret: project.webhookSecret,
      default_branch: project.defaultBranch,
      environments: JSON.stringify(project.environments),
    })
    .onConflict((c) => c.column('id').doNothing())
    .returning(COLUMNS)
    .executeTakeFirst();
  return row && toProject(row);
}

/** Every project by name. */
export async function listProjects(db: Db): Promise<Project[]> {
  const rows = await db.selectFrom('projects').select(COLUMNS).orderBy('id').execute();
  return rows.map(toProject);
}

export async function findProject(db: Db, name: string): Promise<Project | undefined> {
  const row = await db.selectFrom('projects').select(COLUMNS).where('id', '=', name).executeTakeFirst();
  return row && toProject(row);
}

/** The same, locked until the transaction ends: for a change that depends on what is there. */
export async function lockProject(tx: Db, name: string): Promise<Project | undefined> {
  const row = await tx
    .selectFrom('projects')
    .select(COLUMNS)
    .where('id', '=', name)
    .forUpdate()
    .executeTakeFirst();
  return row && toProject(row);
}

/** A project with its secret, to check a webhook's signature; for nothing else. */
export interface WebhookProject {
  readonly project: Project;
  readonly webhookSecret: string;
  /** Another one after every change. */
  readonly version: string;
}

export async function findProjectForWebhook(db: Db, name: string): Promise<WebhookProject | undefined> {
  return (await findProjectsForWebhooks(db, [name])).get(name);
}

/** Those that exist, by name. */
export async function findProjectsForWebhooks(
  db: Db,
  names: readonly string[],
): Promise<ReadonlyMap<string, WebhookProject>> {
  const rows = await db
    .selectFrom('projects')
    .select([...COLUMNS, 'webhook_secret', sql<string>`xmin::text`.as('version')])
    .where('id', '=', sql<string>`any(${names}::text[])`)
    .execute();
  return new Map(
    rows.map((row) => [
      row.id,
      { project: toProject(row), webhookSecret: row.webhook_secret, version: row.version },
    ]),
  );
}

/** Whether the project is still as it was when `version` was read with it; false where it was removed. */
export async function isProjectVersion(db: Db, name: string, version: string): Promise<boolean> {
  const row = await db
    .selectFrom('projects')
    .select('id')
    .where('id', '=', name)
    .where(sql<string>`xmin::text`, '=', version)
    .executeTakeFirst();
  return row !== undefined;
}

/** Changes what is named, leaves the rest. @returns `undefined` when there is no such project */
export async function changeProject(
  db: Db,
  name: string,
  change: ProjectChange,
): Promise<Project | undefined> {
  const row = await db
    .updateTable('projects')
    .set({
      ...(change.repository !== undefined && { repository: change.repository }),
      ...(change.provider !== undefined && { provider: change.provider }),
      ...(change.webhookSecret !== undefined && { webhook_secret: change.webhookSecret }),
      ...(change.defaultBranch !== undefined && { default_branch: change.defaultBranch }),
      ...(change.environments !== undefined && { environments: JSON.stringify(change.environments) }),
      updated_at: new Date(),
    })
    .where('id', '=', name)
    .returning(COLUMNS)
    .executeTakeFirst();
  return row && toProject(row);
}

/** Removes the project's record; its releases, events and audit entries stay. @returns false when there was none */
export async function deleteProject(db: Db, name: string): Promise<boolean> {
  const row = await db.deleteFrom('projects').where('id', '=', name).returning('id').executeTakeFirst();
  return row !== undefined;
}

function toProject(row: Pick<Selectable<Tables['projects']>, (typeof COLUMNS)[number]>): Project {
  return {
    name: row.id,
    repository: row.repository,
    provider: row.provider,
    defaultBranch: row.default_branch,
    environments: row.environments.map(completeEnvironment),
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}
