/** One push of the story: follows the release's events and tells each as it comes, with what the requests measured. */
import { setTimeout as pause } from 'node:timers/promises';
import type { EventView } from '../../api/views.ts';
import type { SampleApi } from './api.ts';
import type { Page } from './page.ts';
import type { Traffic } from './traffic.ts';

export interface Chapter {
  readonly page: Page;
  readonly api: SampleApi;
  readonly releaseId: string;
  /** Absent while nothing is live that could be asked. */
  readonly traffic: Traffic | undefined;
}

const POLL_MS = 200;
/** How long a person seems to think before approving; the watch goes on meanwhile. */
const APPROVER_MS = 1_500;
/** A release of the sample takes well under a minute; after this something is wrong. */
const LONGEST_MS = 5 * 60_000;

/** Tells the release until it ends; returns its end state. */
export async function tellRelease(chapter: Chapter): Promise<string> {
  const deadline = Date.now() + LONGEST_MS;
  let after = 0;
  /** When the split was last changed: what is measured is measured from there. */
  let movedAt = 0;
  for (;;) {
    // Read before its events: the record is written with them, so an ended release has nothing more to tell after these.
    const release = await chapter.api.release(chapter.releaseId);
    for (const event of await chapter.api.events(chapter.releaseId, after)) {
      after = event.id;
      await tellEvent(chapter, event.event, movedAt);
      if (event.event.type === 'traffic') movedAt = Date.parse(event.at);
    }
    if (release.endedAt !== null) return release.state;
    if (Date.now() > deadline)
      throw new Error(
        `release ${chapter.releaseId} did not end: it is ${release.state}, ${release.sentence ?? ''}`,
      );
    await pause(POLL_MS);
  }
}

async function tellEvent(
  { page, api, releaseId, traffic }: Chapter,
  event: EventView['event'],
  movedAt: number,
): Promise<void> {
  switch (event.type) {
    case 'planned': {
      const steps = event.plan.steps.map(
        (step) => `${step.weight * 100} %${step.approval ? ' (then a person approves)' : ''}`,
      );
      page.line('plan', [...steps, '100 %'].join(' → '), 'quiet');
      return;
    }
    case 'stage-finished':
      if (event.stage !== 'gray' && event.stage !== 'promote' && event.stage !== 'report')
        page.line(event.stage, `${event.summary}  (${(event.durationMs / 1_000).toFixed(1)} s)`, 'quiet');
      return;
    case 'stage-failed':
      // Why the gray stage stopped is told by the event that follows it.
      if (event.stage === 'gray') return;
      page.line(event.stage, event.message, 'bad');
      for (const line of event.logTail.slice(-5)) page.note(line);
      return;
    case 'traffic':
      page.line('traffic', trafficText(event));
      return;
    case 'step-finished':
      if (traffic) page.split(traffic.measured(movedAt));
      return;
    case 'approval-requested':
      page.line(
        'asks',
        `a ${event.role} decides whether it goes on; both versions are watched meanwhile`,
        'asks',
      );
      await pause(APPROVER_MS);
      await api.approve(releaseId, event.step, 'the evidence looks good');
      return;
    case 'approval-decided':
      page.line(event.decision, `by ${event.actor.name}: “${event.comment}”`, 'good');
      return;
    case 'blocked':
      page.line('waits', event.message, 'asks');
      return;
    case 'rollback-started':
      page.line('harm', 'the canary is worse than what is live:', 'bad');
      page.note(event.sentence);
      if (traffic) page.split(traffic.measured(movedAt));
      return;
    case 'promoted':
      page.line('promoted', event.sentence, 'good');
      return;
    case 'rolled-back':
      page.line(
        'rolled back',
        'customers are back on the live version; the new one gets no request any more',
        'bad',
      );
      return;
    case 'failed':
    case 'aborted':
    case 'rejected':
    case 'unchanged':
      page.line(event.type, event.sentence, 'bad');
      return;
    default:
      // Bookkeeping between the lines; the page of the release shows it all.
      return;
  }
}

function trafficText(event: Extract<EventView['event'], { type: 'traffic' }>): string {
  const { alias, stable, canary, weight } = event;
  if (stable === null || weight >= 1) return `${alias} → version ${canary}, 100 %`;
  if (weight === 0) return `${alias} → version ${stable}, 100 %`;
  return `${alias} → version ${stable}, and ${weight * 100} % to version ${canary}`;
}
