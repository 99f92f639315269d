/** `sluice watch`: a line an event until the release ends; the exit code says how, so that a pipeline can wait for it. */
import type { Command } from 'commander';
import type { EventView, ReleaseSummary, ReleaseView } from '../../api/views.ts';
import { releaseEvents } from '../client/event-stream.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { eventLine } from '../output/release-text.ts';
import { contextOf, releaseId, releasePath, type CommandContext } from './context.ts';

type State = ReleaseSummary['state'];

/** Exit code of each state that ends a release; the others go on. */
const END: Readonly<Partial<Record<State, ExitCode>>> = {
  promoted: EXIT.ok,
  unchanged: EXIT.ok,
  planned: EXIT.ok,
  'rolled-back': EXIT.failed,
  superseded: EXIT.failed,
  rejected: EXIT.failed,
  aborted: EXIT.failed,
  failed: EXIT.failed,
};

/** Events after which the state is worth asking for: all others leave the release running. */
const MAY_END: ReadonlySet<EventView['event']['type']> = new Set<EventView['event']['type']>([
  'promoted',
  'unchanged',
  'dry-run-finished',
  'rolled-back',
  'superseded',
  'rejected',
  'aborted',
  'failed',
]);

export function addWatchCommand(parent: Command): void {
  parent
    .command('watch')
    .description('follow a release to its end')
    .argument('[release]', 'its id, or latest', 'latest')
    .addHelpText(
      'after',
      '\nThe exit code is 0 when the release was promoted (or nothing had changed), else 1.\n',
    )
    .action(async (given: string, _options: object, command: Command) => {
      const context = contextOf(command);
      await watchRelease(context, await releaseId(context.client, given));
    });
}

/** Follows a release, prints its events, and sets the exit code by how it ended. */
export async function watchRelease({ client, json, exitWith }: CommandContext, id: string): Promise<void> {
  const stop = new AbortController();
  try {
    // Asked first: an unknown id must be an answer and not an endless wait.
    await client.get<ReleaseView>(releasePath(id));
    for await (const view of releaseEvents(client, id, stop.signal)) {
      console.log(json ? JSON.stringify(view) : eventLine(view));
      if (!json && view.event.type === 'approval-requested')
        console.log(`          approve it: sluice approve ${id}    or: sluice reject ${id}`);
      if (!MAY_END.has(view.event.type)) continue;
      const { state } = await client.get<ReleaseView>(releasePath(id));
      const code = END[state];
      if (code === undefined) continue;
      exitWith(code);
      return;
    }
  } finally {
    stop.abort();
  }
}
