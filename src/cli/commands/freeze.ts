/** `sluice freeze …`: times in which nothing is released, and who may pass. */
import type { Command } from 'commander';
import type { BypassView, FreezeView } from '../../api/views.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { freezeListText, freezeWhenText } from '../output/freeze-text.ts';
import { timeText } from '../output/release-text.ts';
import { contextOf, releaseId } from './context.ts';

interface AddOptions {
  readonly environment?: string;
  readonly reason: string;
  readonly underWay: string;
  readonly from?: string;
  readonly until?: string;
  readonly weekly?: string;
  readonly timeZone?: string;
}

export function addFreezeCommands(program: Command): void {
  const freeze = program.command('freeze').description('times in which nothing is released');
  addList(freeze);
  addAdd(freeze);
  addEnd(freeze);
  addBypass(freeze);
}

function addList(freeze: Command): void {
  freeze
    .command('list')
    .description('those that are on or still to come')
    .option('-e, --environment <id>', 'project.environment, or a project')
    .action(async (options: { environment?: string }, command: Command) => {
      const { client, print } = contextOf(command);
      const { freezes } = await client.get<{ freezes: FreezeView[] }>(
        '/api/v1/freezes',
        placeOf(options.environment),
      );
      print(freezes, freezeListText(freezes));
    });
}

function addAdd(freeze: Command): void {
  freeze
    .command('add')
    .description('freeze environments, once or every week')
    .requiredOption('-r, --reason <text>', 'why; whoever waits reads it')
    .option('-e, --environment <id>', 'project.environment, or a project; everything when left out')
    .option('--under-way <word>', 'what releases that run do: finish, hold or roll-back', 'finish')
    .option('--from <time>', 'ISO 8601 time, or HH:MM with --weekly; now when left out')
    .option('--until <time>', 'likewise; without it somebody has to end the freeze')
    .option('--weekly <days>', 'every week on these days, e.g. fri,sat')
    .option('--time-zone <name>', 'whose clock --weekly means (default: that of this machine)')
    .addHelpText(
      'after',
      `
Examples:
  sluice freeze add -r "incident 812" --under-way hold
  sluice freeze add -r holidays -e shop.production --from 2026-12-24T12:00:00Z --until 2027-01-02T08:00:00Z
  sluice freeze add -r weekend -e shop --weekly fri --from 17:00 --until 24:00 --time-zone Europe/Berlin
`,
    )
    .action(async (options: AddOptions, command: Command) => {
      const { client, print } = contextOf(command);
      const { environment, reason, underWay } = options;
      const made = await client.post<FreezeView>('/api/v1/freezes', {
        ...placeOf(environment),
        reason,
        underWay,
        window: windowOf(options),
      });
      print(made, `freeze ${made.id}: ${freezeWhenText(made)}`);
    });
}

function addEnd(freeze: Command): void {
  freeze
    .command('end')
    .description('end a freeze at once; what waited for it goes on')
    .argument('<freeze>', 'its id, as the list shows it')
    .option('-m, --message <text>', 'why; kept in the audit', '')
    .action(async (id: string, options: { message: string }, command: Command) => {
      const { client, print } = contextOf(command);
      await client.delete(freezePath(id), { comment: options.message });
      print({ id, ended: true }, `freeze ${id} has ended`);
    });
}

function addBypass(freeze: Command): void {
  freeze
    .command('bypass')
    .description('let a release, or a whole environment, pass a freeze')
    .argument('<freeze>', 'its id, as the list shows it')
    .requiredOption('-m, --message <text>', 'why; kept in the audit')
    .option('--release <release>', 'only this one: its id, or latest')
    .option('-e, --environment <id>', 'project.environment; needed where the freeze stands in several')
    .action(
      async (
        id: string,
        options: { message: string; release?: string; environment?: string },
        command: Command,
      ) => {
        const { client, print } = contextOf(command);
        const release = options.release === undefined ? undefined : await releaseId(client, options.release);
        const made = await client.post<BypassView>(`${freezePath(id)}/bypass`, {
          ...placeOf(options.environment),
          ...(release !== undefined && { release }),
          comment: options.message,
        });
        const who = made.release === null ? 'every release' : `release ${made.release}`;
        const end = made.until === null ? 'ends' : `ends, ${timeText(made.until)}`;
        print(made, `${who} of ${made.project}.${made.environment} may pass until the freeze ${end}`);
      },
    );
}

function placeOf(id: string | undefined): { project?: string; environment?: string } {
  if (id === undefined) return {};
  const [project = '', environment] = id.split('.');
  return { project, ...(environment !== undefined && { environment }) };
}

function windowOf({ weekly, from, until, timeZone }: AddOptions): object {
  if (weekly === undefined)
    return { kind: 'once', ...(from !== undefined && { from }), ...(until !== undefined && { until }) };
  if (from === undefined || until === undefined)
    throw new CommandError(EXIT.usage, 'with --weekly, say --from and --until as HH:MM');
  return {
    kind: 'weekly',
    days: weekly.split(',').map((day) => day.trim().toLowerCase()),
    from,
    until,
    timeZone: timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function freezePath(id: string): string {
  return `/api/v1/freezes/${encodeURIComponent(id)}`;
}
