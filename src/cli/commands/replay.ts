/** `sluice replay`: what other settings of the judge would have said of a past release. Changes nothing. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { ReplayView } from '../../api/views.ts';
import { ensureError } from '../../platform/errors.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { replayText } from '../output/replay-text.ts';
import { contextOf, releaseId, releasePath } from './context.ts';

export function addReplayCommand(parent: Command): void {
  parent
    .command('replay')
    .description("what other settings of the judge would have said of a release's stored counts")
    .argument('[release]', 'its id, or latest', 'latest')
    .option(
      '-a, --analysis <file>',
      'YAML: an analysis section, or a whole sluice.yml; what it leaves out is at its default (without it: the settings of then)',
    )
    .option('-l, --looks', 'every look, then and now')
    .addHelpText(
      'after',
      `
Examples:
  sluice replay latest                          the settings of then: must say the same
  sluice replay latest --analysis stricter.yml
  sluice replay 01KB… --analysis sluice.yml --looks
`,
    )
    .action(async (given: string, options: { analysis?: string; looks?: boolean }, command: Command) => {
      const { client, print } = contextOf(command);
      const file = options.analysis;
      const body = file === undefined ? {} : { analysis: readText(file), file };
      const path = releasePath(await releaseId(client, given), '/replay');
      const replay = await client.post<ReplayView>(path, body);
      print(replay, replayText(replay, options.looks === true));
    });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} cannot be read: ${ensureError(error).message}`, {
      cause: error,
    });
  }
}
