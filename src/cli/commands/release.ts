/** Reading and starting releases: `release list`, `show`, `logs`, `start`. */
import type { Command } from 'commander';
import type { LogLineView, ReleaseList, ReleaseSummary, ReleaseView } from '../../api/views.ts';
import { CommandError } from '../client/command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { releaseListText, releaseText } from '../output/release-text.ts';
import { onlyEnvironment, projectPath } from './choose.ts';
import { contextOf, releaseId, releasePath } from './context.ts';
import { watchRelease } from './watch.ts';

export function addListCommand(parent: Command): void {
  parent
    .command('list')
    .description('releases, newest first')
    .option('-p, --project <name>')
    .option('-e, --environment <name>')
    .option('-s, --state <state>', 'e.g. running, waiting-approval, promoted, rolled-back')
    .option('-c, --commit <sha>')
    .option('-n, --limit <count>', 'at most this many', '20')
    .action(async (options: Record<string, string>, command: Command) => {
      const { client, print } = contextOf(command);
      const { project, environment, state, commit, limit } = options;
      const query = { project, environment, state, commit, limit };
      const list = await client.get<ReleaseList>('/api/v1/releases', query);
      print(list.releases, releaseListText(list.releases));
    });
}

export function addShowCommand(parent: Command): void {
  parent
    .command('show')
    .description('one release: stages, steps, traffic, verdict, approvals')
    .argument('[release]', 'its id, or latest', 'latest')
    .action(async (given: string, _options: object, command: Command) => {
      const { client, print } = contextOf(command);
      const release = await client.get<ReleaseView>(releasePath(await releaseId(client, given)));
      print(release, releaseText(release));
    });
}

export function addLogsCommand(parent: Command): void {
  parent
    .command('logs')
    .description('what the stages of a release wrote')
    .argument('[release]', 'its id, or latest', 'latest')
    .option('-s, --stage <stage>', 'only this stage, e.g. build')
    .action(async (given: string, options: { stage?: string }, command: Command) => {
      const { client, json } = contextOf(command);
      const path = releasePath(await releaseId(client, given), '/logs');
      // Page by page: a build may have written more than one answer carries.
      for (let after = 0; ;) {
        const { lines } = await client.get<{ lines: LogLineView[] }>(path, { after });
        for (const line of lines)
          if (options.stage === undefined || options.stage === line.stage)
            console.log(json ? JSON.stringify(line) : logText(line));
        const last = lines.at(-1);
        if (!last) return;
        after = last.id;
      }
    });
}

function logText({ stage, stream, line }: LogLineView): string {
  return `${stage.padEnd(8)} ${stream === 'stderr' ? '!' : ' '} ${line}`;
}

interface StartOptions {
  readonly ref?: string;
  readonly commit?: string;
  readonly environment?: string;
  readonly dryRun?: boolean;
  readonly overrideQuarantine?: boolean;
  readonly watch?: boolean;
}

export function addStartCommand(parent: Command): void {
  parent
    .command('start')
    .description('start a release by hand')
    .argument('<project>')
    .option('-r, --ref <ref>', 'branch or tag')
    .option('-c, --commit <sha>')
    .option('-e, --environment <name>', 'where the project has more than one')
    .option('--dry-run', 'plan only: touch nothing')
    .option('--override-quarantine', 'although the commit was rolled back here before')
    .option('-w, --watch', 'follow it to its end')
    .addHelpText('after', '\nExample:\n  sluice start hello --ref main --watch\n')
    .action(async (project: string, options: StartOptions, command: Command) => {
      if (!options.ref && !options.commit)
        throw new CommandError(EXIT.usage, 'say what to release: --ref or --commit');
      const context = contextOf(command);
      const { ref, commit, dryRun = false, overrideQuarantine = false, watch } = options;
      const environment = options.environment ?? (await onlyEnvironment(context, project));
      const release = await context.client.post<ReleaseSummary>(`${projectPath(project)}/releases`, {
        ref,
        commit,
        environment,
        dryRun,
        overrideQuarantine,
      });
      if (watch) await watchRelease(context, release.id);
      else context.print(release, `release ${release.id} is ${release.state}: ${release.url}`);
    });
}
