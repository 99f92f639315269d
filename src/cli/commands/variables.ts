/** `sluice variables`: what `${env(NAME)}` in an environment's manifests stands for. */
import { InvalidArgumentError, type Command } from 'commander';
import type { EnvironmentDetailView } from '../../api/views.ts';
import { tableText } from '../output/table.ts';
import { contextOf } from './context.ts';

type Variables = Readonly<Record<string, string>>;

export function addVariablesCommand(program: Command): void {
  program
    .command('variables')
    .description('variables of an environment, for ${env(NAME)} in its manifests; no place for secrets')
    .argument('<environment>', 'project.environment')
    .argument('[name=value...]', 'to set; without any, all are shown', collect, {})
    .option('--remove <name>', 'again for more', (name: string, before: string[]) => [...before, name], [])
    .addHelpText(
      'after',
      `
Everybody who sees the project may read them. They are taken by the next release, not by what runs.

Example:
  sluice variables hello.production TABLE=prices MEMORY=256 --remove OLD
`,
    )
    .action(async (id: string, set: Variables, { remove }: { remove: string[] }, command: Command) => {
      const { client, print } = contextOf(command);
      const path = `/api/v1/environments/${encodeURIComponent(id)}`;
      const wish = { ...set, ...Object.fromEntries(remove.map((name) => [name, null])) };
      const { variables } =
        Object.keys(wish).length === 0
          ? await client.get<EnvironmentDetailView>(path)
          : await client.patch<{ variables: Variables }>(`${path}/variables`, { variables: wish });
      print(variables, tableText(['NAME', 'VALUE'], Object.entries(variables), `${id} has no variables`));
    });
}

function collect(text: string, before: Variables): Variables {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('write it as NAME=value');
  return { ...before, [name]: value };
}
