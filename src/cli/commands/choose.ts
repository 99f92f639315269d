/** What a command means where its arguments leave project or environment out: the only one, or an error that lists them. */
import type { ProjectView } from '../../api/views.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandContext } from './context.ts';

/** The named project, or the only one that the token may see. */
export async function projectOrOnly(
  { client }: CommandContext,
  name: string | undefined,
): Promise<ProjectView> {
  if (name !== undefined) return client.get<ProjectView>(projectPath(name));
  const { projects } = await client.get<{ projects: ProjectView[] }>('/api/v1/projects');
  const only = projects[0];
  if (only && projects.length === 1) return only;
  if (!only)
    throw new CommandError(EXIT.notFound, 'there is no project yet; add one with: sluice project add');
  throw new CommandError(
    EXIT.usage,
    `there are several projects: ${projects.map((p) => p.name).join(', ')}; name one`,
  );
}

export async function onlyEnvironment({ client }: CommandContext, project: string): Promise<string> {
  return onlyEnvironmentOf(await client.get<ProjectView>(projectPath(project)));
}

export function onlyEnvironmentOf({ name, environments }: ProjectView): string {
  const only = environments[0];
  if (only && environments.length === 1) return only.name;
  throw new CommandError(
    EXIT.usage,
    `${name} has several environments: ${environments.map((e) => e.name).join(', ')}; choose with --environment`,
  );
}

export function projectPath(project: string): string {
  return `/api/v1/projects/${encodeURIComponent(project)}`;
}
