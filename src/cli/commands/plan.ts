/** `sluice plan`: what a release would do, found out by a dry run of it. Nothing is published, no traffic moves. */
import type { Command } from 'commander';
import type { ReleaseSummary, ReleaseView } from '../../api/views.ts';
import { releaseEvents } from '../client/event-stream.ts';
import { EXIT } from '../exit-codes.ts';
import { planText } from '../output/plan-text.ts';
import { onlyEnvironmentOf, projectOrOnly, projectPath } from './choose.ts';
import { contextOf, releasePath, type CommandContext } from './context.ts';

interface PlanOptions {
  readonly ref?: string;
  readonly commit?: string;
  readonly environment?: string;
  readonly detailedExitcode?: boolean;
}

export function addPlanCommand(program: Command): void {
  program
    .command('plan')
    .description('what a release would do: its steps, and the difference to what is live')
    .argument('[project]', 'may be left out where there is one only')
    .option(
      '-r, --ref <ref>',
      "branch or tag, also one that is not released (default: the project's default branch)",
    )
    .option('-c, --commit <sha>')
    .option('-e, --environment <name>', 'where the project has more than one')
    .option('--detailed-exitcode', `end with ${EXIT.changes} where something would change`)
    .addHelpText(
      'after',
      `
The commit is built and compared with what is live; nothing is published and no traffic moves.

Examples:
  sluice plan hello --ref feature/prices
  sluice plan hello --detailed-exitcode    0: nothing to do, ${EXIT.changes}: something would change, else an error
`,
    )
    .action(async (name: string | undefined, options: PlanOptions, command: Command) => {
      const context = contextOf(command);
      const project = await projectOrOnly(context, name);
      const { commit } = options;
      const started = await context.client.post<ReleaseSummary>(`${projectPath(project.name)}/releases`, {
        ref: options.ref ?? (commit === undefined ? project.defaultBranch : undefined),
        commit,
        environment: options.environment ?? onlyEnvironmentOf(project),
        dryRun: true,
      });
      const release = await untilEnded(context, started.id);
      context.print(release, planText(release));
      if (release.state === 'planned') context.exitWith(options.detailedExitcode ? EXIT.changes : EXIT.ok);
      else if (release.state !== 'unchanged') context.exitWith(EXIT.failed);
    });
}

async function untilEnded({ client }: CommandContext, id: string): Promise<ReleaseView> {
  const stop = new AbortController();
  try {
    for await (const _event of releaseEvents(client, id, stop.signal)) {
      const release = await client.get<ReleaseView>(releasePath(id));
      if (release.endedAt !== null) return release;
    }
    // The stream ends only when the release is gone.
    return await client.get<ReleaseView>(releasePath(id));
  } finally {
    stop.abort();
  }
}
