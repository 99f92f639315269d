/** The `sluice` command: which words there are and what they mean. What each does is in `commands/` and `up/`. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../platform/config.ts';
import { CommandError } from './client/command-error.ts';
import { addDecisionCommand, addPlainActCommands, addRollbackCommand } from './commands/act.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addFiguresCommand } from './commands/figures.ts';
import { addFreezeCommands } from './commands/freeze.ts';
import { addNotifyCommands } from './commands/notify.ts';
import { addPlanCommand } from './commands/plan.ts';
import { addProjectCommands } from './commands/project.ts';
import { addProtectionCommand } from './commands/protection.ts';
import { addQuarantineCommands } from './commands/quarantine.ts';
import { addListCommand, addLogsCommand, addShowCommand, addStartCommand } from './commands/release.ts';
import { addVariablesCommand } from './commands/variables.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addWatchCommand } from './commands/watch.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import { up } from './up/up.ts';

const EXAMPLES = `
Environment:
  SLUICE_URL    the server (default: this machine's, http://127.0.0.1:7400)
  SLUICE_TOKEN  who you are (default: the administrator of this machine's SLUICE_HOME)

Examples:
  sluice up                                    start everything on this machine
  sluice project add hello -r https://git.example.com/hello.git
  sluice plan hello                            what a release would change
  sluice start hello --ref main --watch        release by hand, follow to the end
  sluice watch latest && echo live             wait for the newest release
  sluice approve latest -m "numbers are fine"
  sluice rollback hello.production --to 3
  sluice replay latest --analysis stricter.yml   what other settings of the judge would have said
`;

/**
 * Runs one command line.
 *
 * @param args without the interpreter and the script
 * @returns the exit code
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  process.exitCode = EXIT.ok;
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return process.exitCode;
  } catch (error) {
    return report(error, args.includes('--json'));
  }
}

function createProgram(): Command {
  const program = new Command('sluice')
    .description('Gray releases for serverless functions.')
    .option('--json', 'answer as JSON')
    .addHelpText('after', EXAMPLES)
    .addHelpText('after', EXIT_CODES_HELP.trimEnd())
    .showHelpAfterError('(sluice --help shows what there is)')
    .exitOverride();
  program
    .command('up')
    .description('start Sluice on this machine and keep it up until Ctrl-C')
    .option(
      '--sample',
      'release the sample where SLUICE_HOME is new (as "npm start" does; SLUICE_DEMO=0 leaves it out)',
    )
    .addHelpText(
      'after',
      `
Data is in SLUICE_HOME (default ~/.sluice). Ports: SLUICE_PORT (7400), SLUICE_ENGINE_PORT (7401), on SLUICE_HOST
(127.0.0.1). DATABASE_URL and TEMPORAL_ADDRESS select outside parts. SIGTERM or Ctrl-C stops everything.
`,
    )
    .action(async (options: { sample?: boolean }) => {
      process.exitCode = await up({ sample: options.sample === true });
    });
  addProjectCommands(program);
  const release = program
    .command('release')
    .description('releases; every word but list also works without "release"');
  addListCommand(release);
  for (const parent of [program, release]) addReleaseWords(parent);
  addPlanCommand(program);
  addRollbackCommand(program);
  addQuarantineCommands(program);
  addFreezeCommands(program);
  addVariablesCommand(program);
  addNotifyCommands(program);
  addProtectionCommand(program);
  addFiguresCommand(program);
  addAuditCommands(program);
  for (const command of program.commands) acceptJson(command);
  return program;
}

function addReleaseWords(parent: Command): void {
  addShowCommand(parent);
  addWatchCommand(parent);
  addDecisionCommand(parent, 'approve');
  addDecisionCommand(parent, 'reject');
  addPlainActCommands(parent);
  addStartCommand(parent);
  addLogsCommand(parent);
  addReplayCommand(parent);
}

/** `--json` is understood before and after the word. */
function acceptJson(command: Command): void {
  if (command.name() === 'up') return;
  if (command.commands.length === 0) command.option('--json', 'answer as JSON');
  for (const child of command.commands) acceptJson(child);
}

function report(error: unknown, asJson: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof ConfigError) {
    console.error(error.message);
    return EXIT.usage;
  }
  if (!(error instanceof CommandError)) throw error;
  if (asJson) console.error(JSON.stringify({ error: error.message, exitCode: error.exitCode }));
  else console.error(`sluice: ${error.message}`);
  return error.exitCode;
}
