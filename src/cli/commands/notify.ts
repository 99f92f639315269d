/** `sluice notify …`: where a project's events are sent, and what became of each. */
import type { Command } from 'commander';
import type { ChannelView, DeliveryView } from '../../api/views.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { timeText } from '../output/release-text.ts';
import { tableText } from '../output/table.ts';
import { projectPath } from './choose.ts';
import { contextOf } from './context.ts';

interface Notifications {
  readonly channels: readonly ChannelView[];
  readonly deliveries: readonly DeliveryView[];
}

export function addNotifyCommands(program: Command): void {
  const notify = program.command('notify').description('where events are sent, and what became of each');
  notify
    .command('list')
    .description('channels of a project, and the newest deliveries')
    .argument('<project>')
    .option('-c, --channel <name>', 'only deliveries of this channel')
    .option('-n, --limit <number>', 'how many deliveries', '20')
    .action(async (project: string, options: { channel?: string; limit: string }, command: Command) => {
      const { client, print } = contextOf(command);
      const path = `${projectPath(project)}/notifications`;
      const found = await client.get<Notifications>(path, { channel: options.channel, limit: options.limit });
      print(found, `${channelsText(found.channels)}\n\n${deliveriesText(found.deliveries)}`);
    });
  notify
    .command('test')
    .description('send a message to try a channel')
    .argument('<project>')
    .argument('[channel]', 'may be left out where there is one')
    .action(async (project: string, named: string | undefined, _options: object, command: Command) => {
      const { client, print } = contextOf(command);
      const path = `${projectPath(project)}/notifications`;
      const channel = named ?? onlyChannel(project, (await client.get<Notifications>(path)).channels);
      const { delivery } = await client.post<{ delivery: string }>(
        `${path}/${encodeURIComponent(channel)}/test`,
        {},
      );
      print(
        { channel, delivery },
        `a message is on its way to ${channel}; "sluice notify list ${project}" shows what became of ${delivery}`,
      );
    });
}

function onlyChannel(project: string, channels: readonly ChannelView[]): string {
  const [only] = channels;
  if (only && channels.length === 1) return only.name;
  throw new CommandError(
    only ? EXIT.usage : EXIT.notFound,
    only
      ? `${project} has several channels: ${channels.map(({ name }) => name).join(', ')}; name one`
      : `${project} has no channel; its record (PATCH /api/v1/projects/${project}) holds them in notifications`,
  );
}

function channelsText(channels: readonly ChannelView[]): string {
  const rows = channels.map(({ name, kind, url, events }) => [
    name,
    kind,
    url,
    events === null ? 'as the plan says' : events.join(', ') || 'none',
  ]);
  return tableText(['CHANNEL', 'KIND', 'ADDRESS', 'EVENTS'], rows, 'no channels');
}

function deliveriesText(deliveries: readonly DeliveryView[]): string {
  const rows = deliveries.map(({ createdAt, channel, event, state, attempts, status, answer, id }) => [
    timeText(createdAt),
    channel,
    event,
    state,
    String(attempts),
    `${status ?? '–'} ${firstLine(answer)}`.trim(),
    id,
  ]);
  return tableText(
    ['AT', 'CHANNEL', 'EVENT', 'STATE', 'TRIES', 'ANSWER', 'DELIVERY'],
    rows,
    'nothing has been sent yet',
  );
}

/** Answers come from outside: one line, short, without what a terminal would act on. */
function firstLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ').slice(0, 60);
}
