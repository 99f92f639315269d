/** `sluice audit …`: who did what, whether the log is whole, and the whole of it as lines for a place of one's own. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { Option, type Command } from 'commander';
import type { AuditCheckView, AuditEntryView } from '../../api/views.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { timeText } from '../output/release-text.ts';
import { tableText } from '../output/table.ts';
import { contextOf } from './context.ts';

const HEADINGS = ['ID', 'WHEN', 'WHO', 'ROLE', 'WHAT', 'ON', 'OUTCOME'];

interface Page {
  readonly entries: readonly AuditEntryView[];
  readonly check: AuditCheckView | null;
}

export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('who did what: an append-only log with a chain of hashes');
  audit
    .command('list')
    .description('the newest entries')
    .addOption(new Option('-n, --limit <number>', 'so many').default('50'))
    .action(async ({ limit }: { limit: string }, command: Command) => {
      const { client, print } = contextOf(command);
      const { entries } = await client.get<Page>('/api/v1/audit', { limit });
      const rows = entries.map((entry) => [
        String(entry.id),
        timeText(entry.at),
        entry.actor,
        entry.role,
        entry.action,
        entry.target,
        entry.outcome,
      ]);
      print(entries, tableText(HEADINGS, rows, 'nobody has done anything yet'));
    });
  audit
    .command('verify')
    .description('compute the chain again; ends with 1 where an entry was changed, put in or taken out')
    .action(async (_: object, command: Command) => {
      const { client, print, exitWith } = contextOf(command);
      const { check } = await client.get<Page>('/api/v1/audit', { limit: 1, verify: 'true' });
      const brokenAt = check?.brokenAt ?? null;
      print(
        check,
        brokenAt === null
          ? `all ${check?.entries ?? 0} entries are whole`
          : `entry ${brokenAt} does not fit: the log was changed past Sluice`,
      );
      if (brokenAt !== null) exitWith(EXIT.failed);
    });
  audit
    .command('export')
    .description('all entries as JSON lines, oldest first, to the standard output')
    .option('-a, --after <id>', 'only what came after this entry', '0')
    .addHelpText(
      'after',
      '\nExample:\n  sluice audit export > audit.ndjson     docs/audit.md says how to check it elsewhere\n',
    )
    .action(async ({ after }: { after: string }, command: Command) => {
      if (!/^\d+$/.test(after))
        throw new CommandError(EXIT.usage, 'write the number of an entry after --after');
      const { client } = contextOf(command);
      const path = `/api/v1/audit/export?after=${after}`;
      const answer = await client.open(path, {}, new AbortController().signal);
      if (answer.body) await pipeline(Readable.fromWeb(answer.body), process.stdout, { end: false });
    });
}
