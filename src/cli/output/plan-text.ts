/** What a dry run found, as `sluice plan` prints it. The words are the API's; this file only lays them out. */
import type { ReleaseView } from '../../api/views.ts';
import { firstLine } from './release-text.ts';

export function planText(release: ReleaseView): string {
  const { project, environment, commit, message, sentence, state, stages } = release;
  const failed = stages.find((stage) => stage.state === 'failed');
  return [
    `${project} in ${environment}, commit ${commit.slice(0, 12)} ${firstLine(message)}`.trimEnd(),
    section('Plan', release.planText),
    section('Difference to what is live', release.differenceText),
    section(`Last lines of ${failed?.stage ?? ''}`, failed?.logTail ?? []),
    `${state}: ${sentence ?? ''}`,
    `page: ${release.url}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines.map((line) => `  ${line}`)].join('\n');
}
