/** `sluice protection`: what the project's record asks of every plan of an environment. */
import { InvalidArgumentError, type Command } from 'commander';
import type { EnvironmentDetailView } from '../../api/views.ts';
import { factsText } from '../output/table.ts';
import { contextOf } from './context.ts';

type Protection = EnvironmentDetailView['protection'];

export function addProtectionCommand(program: Command): void {
  program
    .command('protection')
    .description('what the record asks of every plan of an environment: shown, or changed (admin)')
    .argument('<environment>', 'project.environment')
    .option('--approval-role <role>', 'role that an approval needs at least')
    .option('--approval-count <n>', 'least number of people for each approval', whole)
    .option('--not-author', "the commit's author may not approve")
    .option('--author', "the commit's author may approve")
    .option('--least-steps <n>', 'least number of gray steps', whole)
    .option('--least-approvals <n>', 'least number of steps that ask for an approval', whole)
    .option('--approval-from <share>', 'each step from this share on must ask, e.g. 25%; or none', share)
    .option('--bypass-role <role>', 'role that may let releases pass a freeze')
    .addHelpText(
      'after',
      `
A sluice.yml may be stricter, never laxer. The default plan and the presets get the approvals that are asked for.

Example:
  sluice protection hello.production --least-approvals 1 --approval-from 25%
`,
    )
    .action(async (id: string, options: Partial<Protection> & { author?: boolean }, command: Command) => {
      const { client, print } = contextOf(command);
      const path = `/api/v1/environments/${encodeURIComponent(id)}`;
      const { approvalRole, approvalCount, leastSteps, leastApprovals, approvalFrom, bypassRole } = options;
      const notAuthor = options.author === true ? false : options.notAuthor;
      const all = {
        approvalRole,
        approvalCount,
        notAuthor,
        leastSteps,
        leastApprovals,
        approvalFrom,
        bypassRole,
      };
      const wish = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      const { protection } =
        Object.keys(wish).length === 0
          ? await client.get<EnvironmentDetailView>(path)
          : await client.patch<{ protection: Protection }>(`${path}/protection`, wish);
      print(protection, protectionText(protection));
    });
}

function protectionText(protection: Protection): string {
  const { approvalFrom } = protection;
  return factsText([
    ['approval role', protection.approvalRole],
    ['approval count', String(protection.approvalCount)],
    ['author may approve', protection.notAuthor ? 'no' : 'yes'],
    ['least steps', String(protection.leastSteps)],
    ['least approvals', String(protection.leastApprovals)],
    ['approval from', approvalFrom === null ? 'none' : `${Number((approvalFrom * 100).toFixed(4))}%`],
    ['bypass role', protection.bypassRole ?? 'release-manager'],
  ]);
}

function whole(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('a whole number');
  return Number(text);
}

/** A share such as `25%` or `0.25`; `none` asks for nothing. */
function share(text: string): number | null {
  if (text === 'none') return null;
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('a share such as 25%, or none');
  return percent === '%' ? Number(number) / 100 : Number(number);
}
