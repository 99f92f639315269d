/** `sluice project …`: which repositories are released. */
import { InvalidArgumentError, type Command } from 'commander';
import { readFileSync } from 'node:fs';
import type { ProjectView } from '../../api/views.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { factsText, tableText } from '../output/table.ts';
import { contextOf } from './context.ts';

interface AddOptions {
  readonly repository: string;
  readonly provider: string;
  readonly branch: string;
  readonly environment: readonly EnvironmentOption[];
  readonly secretStdin?: boolean;
}

interface EnvironmentOption {
  readonly name: string;
  readonly branches: readonly string[];
  readonly alias: string;
}

export function addProjectCommands(program: Command): void {
  const project = program.command('project').description('projects: repositories that are released');
  project
    .command('add')
    .description('add a repository; its webhook address is printed')
    .argument('<name>', 'a–z, 0–9 and -')
    .requiredOption(
      '-r, --repository <url>',
      'https, ssh or git address (a plain path where the server allows it)',
    )
    .option('-p, --provider <name>', 'who sends the webhook: github or generic', 'generic')
    .option('-b, --branch <name>', 'the default branch', 'main')
    .option(
      '-e, --environment <name=branches:ALIAS>',
      'e.g. production=main:PROD; again for more',
      collectEnvironment,
      [],
    )
    .option('--secret-stdin', 'read the webhook secret from standard input (else from SLUICE_WEBHOOK_SECRET)')
    .addHelpText(
      'after',
      `
Examples:
  SLUICE_WEBHOOK_SECRET=… sluice project add hello -r https://git.example.com/hello.git -p github
  pass hello-hook | sluice project add hello -r ssh://git@git.example.com/hello.git --secret-stdin \\
    -e staging=main,release/*:STAGING -e production=release/*:PROD
`,
    )
    .action(async (name: string, options: AddOptions, command: Command) => {
      const { client, print } = contextOf(command);
      const secret = options.secretStdin
        ? readFileSync(0, 'utf8').trim()
        : process.env['SLUICE_WEBHOOK_SECRET'];
      if (options.secretStdin && !secret) throw new CommandError(EXIT.usage, 'no secret on standard input');
      const created = await client.post<ProjectView>('/api/v1/projects', {
        name,
        repository: options.repository,
        provider: options.provider,
        defaultBranch: options.branch,
        ...(secret && { webhookSecret: secret }),
        ...(options.environment.length > 0 && { environments: options.environment }),
      });
      print(
        created,
        `${factsOf(created)}${secret ? '' : '\nIt has no webhook secret yet, so it takes no webhooks: set SLUICE_WEBHOOK_SECRET.'}`,
      );
    });
  project
    .command('list')
    .description('all projects')
    .action(async (_options: object, command: Command) => {
      const { client, print } = contextOf(command);
      const { projects } = await client.get<{ projects: ProjectView[] }>('/api/v1/projects');
      const rows = projects.map((p) => [
        p.name,
        p.provider,
        p.environments.map((e) => e.name).join(', '),
        p.repository,
      ]);
      print(
        projects,
        tableText(
          ['PROJECT', 'PROVIDER', 'ENVIRONMENTS', 'REPOSITORY'],
          rows,
          'no projects; add one with "sluice project add"',
        ),
      );
    });
}

function factsOf(project: ProjectView): string {
  return factsText([
    ['project', project.name],
    ['repository', project.repository],
    ['webhook', project.webhookUrl],
    ...project.environments.map(
      (e) =>
        ['environment', `${e.name}: ${[...e.branches, ...e.tags].join(', ')} → alias ${e.alias}`] as const,
    ),
  ]);
}

function collectEnvironment(value: string, previous: readonly EnvironmentOption[]): EnvironmentOption[] {
  const match = /^([^=]+)=([^:]+):(.+)$/.exec(value);
  const [, name, branches, alias] = match ?? [];
  if (!name || !branches || !alias) throw new InvalidArgumentError('write it as name=branch,branch:ALIAS');
  return [...previous, { name, branches: branches.split(',').map((branch) => branch.trim()), alias }];
}
