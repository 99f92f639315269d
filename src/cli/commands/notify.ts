/** `sluice notify …`: where a project's events are sent, and what became of each. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ChannelView, DeliveryView } from '../../api/views.ts';
import type { ApiClient } from '../client/api-client.ts';
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

/** Longest wait for what comes of the first try, which takes 5 s at most once a worker has it. */
const FIRST_TRY_MS = 15_000;

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
    .description('send a message to try a channel, and wait for what comes of it')
    .argument('<project>')
    .argument('[channel]', 'may be left out where there is one')
    .action(async (project: string, named: string | undefined, _options: object, command: Command) => {
      const { client, print, exitWith } = contextOf(command);
      const path = `${projectPath(project)}/notifications`;
      const channel = named ?? onlyChannel(project, (await client.get<Notifications>(path)).channels);
      const { delivery } = await client.post<{ delivery: string }>(
        `${path}/${encodeURIComponent(channel)}/test`,
        {},
      );
      const tried = await firstTry(client, path, channel, delivery);
      print(tried ?? { channel, id: delivery }, outcomeText(project, channel, tried));
      if (tried?.state !== 'sent') exitWith(EXIT.failed);
    });
}

/** The delivery once something came of it; `undefined` when the time is over before. */
async function firstTry(
  client: ApiClient,
  path: string,
  channel: string,
  delivery: string,
): Promise<DeliveryView | undefined> {
  const deadline = Date.now() + FIRST_TRY_MS;
  while (Date.now() < deadline) {
    const { deliveries } = await client.get<Notifications>(path, { channel, limit: 200 });
    const found = deliveries.find(({ id }) => id === delivery);
    if (found && (found.state !== 'waiting' || found.answer !== '' || found.status !== null)) return found;
    await pause(200);
  }
  return undefined;
}

function outcomeText(project: string, channel: string, tried: DeliveryView | undefined): string {
  if (!tried) return `${channel}: nothing came of it yet; is the worker up?`;
  const said = answerText(tried);
  if (tried.state === 'sent') return `${channel} took the message: ${said}`;
  const more = tried.state === 'waiting' ? `; it is tried again, see "sluice notify list ${project}"` : '';
  return `${channel} did not take the message: ${said}${more}`;
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
  const rows = deliveries.map((one) => [
    timeText(one.createdAt),
    one.channel,
    one.event,
    one.state,
    String(one.attempts),
    answerText(one),
    one.id,
  ]);
  return tableText(
    ['AT', 'CHANNEL', 'EVENT', 'STATE', 'TRIES', 'ANSWER', 'DELIVERY'],
    rows,
    'nothing has been sent yet',
  );
}

function answerText({ status, answer }: DeliveryView): string {
  return `${status ?? '–'} ${firstLine(answer)}`.trim();
}

/** Answers come from outside: one line, short, without what a terminal would act on. */
function firstLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ').slice(0, 60);
}
