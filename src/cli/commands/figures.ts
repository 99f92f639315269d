/** `sluice figures`: how often, how fast and how well an environment is released. */
import type { Command } from 'commander';
import type { FiguresView } from '../../api/views.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { tableText } from '../output/table.ts';
import { contextOf } from './context.ts';

export function addFiguresCommand(program: Command): void {
  program
    .command('figures')
    .description('the four DORA figures of an environment, from its events')
    .argument('<environment>', 'project.environment')
    .option('-d, --days <number>', 'so many days back from now', '30')
    .action(async (id: string, { days }: { days: string }, command: Command) => {
      const { client, print } = contextOf(command);
      const [project = '', environment = ''] = id.split('.');
      if (!project || !environment)
        throw new CommandError(EXIT.usage, 'write the environment as project.environment');
      const figures = await client.get<FiguresView>('/api/v1/figures', { project, environment, days });
      const rows = figures.lines.map(({ name, value, basis }) => [name, value, basis]);
      print(
        figures,
        tableText(
          ['FIGURE', `LAST ${figures.days} ${figures.days === 1 ? 'DAY' : 'DAYS'}`, 'FROM'],
          rows,
          '',
        ),
      );
    });
}
