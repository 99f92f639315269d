/** What people do to a release or an environment: decide, pause, hurry, abort, roll back. Each act is audited with its comment. */
import { InvalidArgumentError, type Command } from 'commander';
import type { ActOutcomeView, ReleaseView } from '../../api/views.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { openApprovals } from '../output/release-text.ts';
import { contextOf, releaseId, releasePath, type CommandContext } from './context.ts';

interface DecisionOptions {
  readonly message: string;
  readonly step?: number;
}

const COMMENT = ['-m, --message <text>', 'why; kept in the audit', ''] as const;

export function addDecisionCommand(parent: Command, act: 'approve' | 'reject'): void {
  parent
    .command(act)
    .description(
      act === 'approve' ? 'let a release that waits go on' : 'stop a release that waits; it rolls back',
    )
    .argument('<release>', 'its id, or latest')
    .option(...COMMENT)
    .option('--step <number>', 'the step that asks, from 1; needed only where several do', positive)
    .addHelpText(
      'after',
      `\nExample:\n  sluice ${act} latest -m "${act === 'approve' ? 'error rate is fine' : 'the banner is wrong'}"\n`,
    )
    .action(async (given: string, options: DecisionOptions, command: Command) => {
      const context = contextOf(command);
      const id = await releaseId(context.client, given);
      const step = options.step === undefined ? await openStep(context, id) : options.step - 1;
      await send(context, releasePath(id, `/${act}`), { step, comment: options.message });
    });
}

const PLAIN = {
  abort: 'end a release; traffic that moved goes back',
  pause: 'keep the traffic where it is until somebody resumes; the judge goes on watching',
  resume: 'end a pause',
  skip: "leave out the rest of a step's hold; its approval is asked for all the same",
  retry: 'try a failed release again; what was built is kept',
  promote: 'go to 100 % now, past the steps that are left',
  'take-over': 'set an alias as planned again that somebody else changed',
  yield: 'leave an alias as somebody else set it, and end the release',
} as const;

/** The acts that need nothing but a comment. */
export function addPlainActCommands(parent: Command): void {
  for (const [act, description] of Object.entries(PLAIN))
    parent
      .command(act)
      .description(description)
      .argument('<release>', 'its id, or latest')
      .option(...COMMENT)
      .action(async (given: string, options: DecisionOptions, command: Command) => {
        const context = contextOf(command);
        const id = await releaseId(context.client, given);
        await send(context, releasePath(id, `/${act}`), { comment: options.message });
      });
}

interface RollbackOptions {
  readonly message: string;
  readonly to: readonly { readonly service: string | undefined; readonly version: string }[];
}

export function addRollbackCommand(parent: Command): void {
  parent
    .command('rollback')
    .description('point an environment at an older version, at once')
    .argument('<environment>', 'project.environment, e.g. hello.production')
    .requiredOption(
      '--to <version>',
      'version, or service=version; again for more services',
      collectVersion,
      [],
    )
    .option(...COMMENT)
    .addHelpText(
      'after',
      '\nExamples:\n  sluice rollback hello.production --to 3 -m "checkout fails"\n  sluice rollback shop.production --to web=7 --to cart=4\n',
    )
    .action(async (environment: string, options: RollbackOptions, command: Command) => {
      const context = contextOf(command);
      const path = `/api/v1/environments/${encodeURIComponent(environment)}/rollback`;
      await send(context, path, { ...versionsOf(options.to), comment: options.message });
    });
}

async function send(context: CommandContext, path: string, body: object): Promise<void> {
  const outcome = await context.client.post<ActOutcomeView>(path, body);
  context.print(outcome, outcome.pending ? `handed over, not done yet: ${outcome.outcome}` : outcome.outcome);
}

async function openStep({ client }: CommandContext, id: string): Promise<number> {
  const release = await client.get<ReleaseView>(releasePath(id));
  const open = openApprovals(release);
  const only = open[0];
  if (only && open.length === 1) return only.step;
  throw only
    ? new CommandError(
        EXIT.usage,
        `several steps ask: ${open.map((a) => a.step + 1).join(', ')}; choose with --step`,
      )
    : new CommandError(EXIT.refused, `release ${id} is ${release.state} and asks for no approval`);
}

/** A bare version is for environments with one service; the API refuses it elsewhere and names the services. */
function versionsOf(to: RollbackOptions['to']): { version: string } | { versions: Record<string, string> } {
  const [first] = to;
  if (first && to.length === 1 && first.service === undefined) return { version: first.version };
  if (to.some((target) => target.service === undefined))
    throw new CommandError(EXIT.usage, 'with several --to, write each as service=version');
  return { versions: Object.fromEntries(to.map(({ service = '', version }) => [service, version])) };
}

function collectVersion(value: string, previous: RollbackOptions['to']): RollbackOptions['to'] {
  const match = /^(?:([^=]+)=)?(\d+)$/.exec(value);
  if (!match?.[2]) throw new InvalidArgumentError('write a version number, or service=number');
  return [...previous, { service: match[1], version: match[2] }];
}

function positive(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number from 1');
  return number;
}
