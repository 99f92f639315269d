/** The figures in words: the same on the page, the command line and in the API. */
import type { Figures } from './figures.ts';

export interface FigureLine {
  readonly name: string;
  readonly value: string;
  /** What the value was made from. */
  readonly basis: string;
}

/** @param days length of the stretch */
export function figureLines(figures: Figures, days: number): FigureLine[] {
  const { deployments, leadTime, changeFailures, restore } = figures;
  const none = 'none yet';
  return [
    {
      name: 'Deployments',
      value: deployments.count === 0 ? none : rateText(deployments.perDay),
      basis: `${deployments.count} promoted in ${days} ${days === 1 ? 'day' : 'days'}`,
    },
    {
      name: 'Lead time',
      value: leadTime.medianMs === null ? none : spanText(leadTime.medianMs),
      basis: `median from commit to promotion, of ${leadTime.count}${
        leadTime.fromCommit === leadTime.count
          ? ''
          : `; ${leadTime.count - leadTime.fromCommit} counted from the push`
      }`,
    },
    {
      name: 'Change failures',
      value:
        changeFailures.share === null ? none : `${Number((changeFailures.share * 100).toPrecision(3))} %`,
      basis: `${changeFailures.failed} of ${changeFailures.moved} that got traffic`,
    },
    {
      name: 'Time to restore',
      value: restore.medianMs === null ? none : spanText(restore.medianMs),
      basis: `median of ${restore.count}${restore.open === 0 ? '' : `; ${restore.open} not over`}`,
    },
  ];
}

function rateText(perDay: number): string {
  if (perDay >= 1) return `${rounded(perDay)} a day`;
  return perDay * 7 >= 1 ? `${rounded(perDay * 7)} a week` : `${rounded(perDay * 30)} a month`;
}

/** Milliseconds as people say them, up to days. */
function spanText(ms: number): string {
  if (ms < 60_000) return `${rounded(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${rounded(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${rounded(ms / 3_600_000)} h`;
  return `${rounded(ms / 86_400_000)} days`;
}

function rounded(value: number): number {
  return Number(value.toFixed(1));
}
