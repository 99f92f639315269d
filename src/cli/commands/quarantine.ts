/** `sluice quarantine …`: commits that no push releases again. */
import { InvalidArgumentError, type Command } from 'commander';
import type { QuarantinedView } from '../../api/views.ts';
import { timeText } from '../output/release-text.ts';
import { tableText } from '../output/table.ts';
import { contextOf } from './context.ts';

const HEADINGS = ['ID', 'ENVIRONMENT', 'COMMIT', 'RELEASE', 'REASON', 'SINCE', 'WHY'];

export function addQuarantineCommands(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description('commits that were rolled back and that no push releases again');
  quarantine
    .command('list')
    .description('all of them')
    .option('-p, --project <name>')
    .action(async (options: { project?: string }, command: Command) => {
      const { client, print } = contextOf(command);
      const query = { project: options.project };
      const { quarantine: rows } = await client.get<{ quarantine: QuarantinedView[] }>(
        '/api/v1/quarantine',
        query,
      );
      const cells = rows.map((row) => [
        String(row.id),
        `${row.project}.${row.environment}`,
        row.commit.slice(0, 12),
        `#${row.releaseNumber}`,
        row.reason,
        timeText(row.at),
        row.sentence,
      ]);
      print(rows, tableText(HEADINGS, cells, 'no commit is in quarantine'));
    });
  quarantine
    .command('lift')
    .description('let a commit be released again')
    .argument('<id>', 'as the list shows it', wholeNumber)
    .option('-m, --message <text>', 'why; kept in the audit', '')
    .action(async (id: number, options: { message: string }, command: Command) => {
      const { client, print } = contextOf(command);
      await client.delete(`/api/v1/quarantine/${id}`, { comment: options.message });
      print({ id, lifted: true }, `quarantine ${id} is lifted; the next push of its commit is released`);
    });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('write a number');
  return Number(text);
}
