/** What a waiting release waits for, in one line: whom it stands behind, and what that one does at the moment. */
import { percent } from './split.ts';
import type { ReleaseProgress } from './progress.ts';

/** The release in front. */
export interface Front {
  readonly number: number;
  readonly project: string;
  readonly commit: string;
  readonly progress: ReleaseProgress;
}

/**
 * For example `behind release 12 (a1b2c3d4 of shop), which waits for release-manager since 14:05 UTC`.
 *
 * @param now Unix milliseconds; a time of another day is told with its date
 */
export function behindText({ number, project, commit, progress }: Front, now: number): string {
  return `behind release ${number} (${commit.slice(0, 8)} of ${project}), ${doingText(progress, now)}`;
}

function doingText(progress: ReleaseProgress, now: number): string {
  const { state, reason, message, since, until } = progress;
  const sinceText = `since ${timeText(since, now)}`;
  switch (state) {
    case 'queued':
      return reason === 'freeze' && message !== null ? `which is ${message}` : `which is queued ${sinceText}`;
    case 'waiting-approval': {
      const open = progress.approvals.find(({ outcome }) => outcome === null);
      return `which waits for ${open?.role ?? 'a person'} since ${timeText(open?.requestedAt ?? since, now)}`;
    }
    case 'paused':
      return `which is paused (${reason ?? 'by hand'}) ${sinceText}${until === null ? '' : `, until ${timeText(until, now)}`}`;
    case 'running':
      return runningText(progress, sinceText, now);
    case 'promoted':
    case 'rolled-back':
    case 'superseded':
    case 'rejected':
    case 'aborted':
    case 'failed':
    case 'unchanged':
    case 'planned':
      return `which has ended (${state}); this one starts next`;
  }
}

function runningText(
  { reason, steps, stages, startedAt, since }: ReleaseProgress,
  sinceText: string,
  now: number,
): string {
  if (reason === 'rolling-back') return `which is rolling back ${sinceText}`;
  if (reason !== null) return `which waits (${reason}) ${sinceText}`;
  const step = steps.findLast(({ endedAt }) => endedAt === null);
  if (step) return `which is at ${percent(step.weight)} since ${timeText(step.startedAt, now)}`;
  const stage = stages.findLast(({ state }) => state === 'running');
  const doing = stage ? `is in its ${stage.stage} stage` : 'runs';
  return `which ${doing} since ${timeText(stage?.startedAt ?? startedAt ?? since, now)}`;
}

function timeText(at: number, now: number): string {
  const text = new Date(at).toISOString();
  const isToday = text.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return `${isToday ? '' : `${text.slice(0, 10)} `}${text.slice(11, 16)} UTC`;
}
