/** Each event in one line of plain English: what the page's timeline, the command line and notifications show. */
import { hookPlaceText } from '../plan/hook.ts';
import { placeText } from '../names/place.ts';
import type { ResolvedPlan } from '../plan/plan.ts';
import type { ReleaseEvent } from './events.ts';
import { percent } from './split.ts';

/** For example `traffic: PROD sends 5 % to version 2, the rest to version 1`. */
export function eventText(event: ReleaseEvent): string {
  switch (event.type) {
    case 'queued':
      return queuedText(event);
    case 'retried':
      return `tried again by ${event.actor.name} (try ${event.attempt})${event.comment ? `: “${event.comment}”` : ''}`;
    case 'started':
      return 'started';
    case 'superseded':
      return `superseded by ${event.by}${event.sentence ? `: ${event.sentence}` : ''}`;
    case 'planned':
      return planText(event.plan);
    case 'stage-started':
      return event.attempt > 1 ? `${event.stage} begins (try ${event.attempt})` : `${event.stage} begins`;
    case 'stage-finished':
      return `${event.stage} done in ${seconds(event.durationMs)}: ${event.summary}`;
    case 'stage-failed':
      // Somebody or something stopped the stage; it did not fail by itself.
      return event.message.startsWith('stopped: ')
        ? `${event.stage} ${event.message}`
        : `${event.stage} failed: ${event.message}`;
    case 'versions':
      return event.services
        .map(
          (s) =>
            `${placeText(s)}: version ${s.canary}${s.stable === null ? ', nothing live before' : `, live is ${s.stable}`}`,
        )
        .join('; ');
    case 'traffic':
      return `traffic: ${trafficText(event)}`;
    case 'step-started':
      return `step ${event.step + 1}: ${percent(event.weight)} for at least ${seconds(event.holdMs)}${inWave(event)}`;
    case 'wave-finished':
      return `wave ${event.wave + 1} done: everything goes to the new version in ${event.regions.join(' and ')}${event.bakeMs > 0 ? `; watched for ${seconds(event.bakeMs)} before the next wave` : ''}`;
    case 'hook-started':
      return `hook ${event.name}, ${hookPlaceText(event)}`;
    case 'hook-finished':
      return `hook ${event.name} ${event.ok ? event.summary : `failed: ${event.summary}${HOOK_THEN[event.onFailure]}`}`;
    case 'step-finished':
      return `step ${event.step + 1} done: ${event.summary}`;
    case 'approval-requested':
      if (event.message !== undefined) return `asks a ${event.role} (${event.reason}): ${event.message}`;
      return `step ${event.step + 1} asks for ${event.count > 1 ? `${event.count} approvals` : 'the approval'} of a ${event.role}`;
    case 'approval-decided':
      return `${event.decision} by ${event.actor.name}${event.comment ? `: “${event.comment}”` : ''}`;
    case 'approval-closed':
      return `approval ${event.outcome}`;
    case 'advanced':
      return `${event.act === 'skip' ? `the rest of step ${event.step + 1} was skipped` : 'promoted past the remaining steps'} by ${event.actor.name}${event.comment ? `: “${event.comment}”` : ''}`;
    case 'hold-extended':
      return `step ${event.step + 1} is held on, no evidence yet (${event.cause}): ${event.message}`;
    case 'paused':
      if (event.message?.startsWith('paused by ')) return event.message;
      return `paused by ${event.actor.name} (${event.reason})${event.message === undefined ? '' : `: ${event.message}`}`;
    case 'resumed':
      return `resumed by ${event.actor.name}`;
    case 'blocked':
      if (event.reason === 'no-metrics') return `metrics unavailable: ${event.message}`;
      return `waits (${event.reason}): ${event.message}`;
    case 'cleared':
      if (event.reason === 'no-metrics') return 'metrics are back';
      return `goes on: ${event.reason} is over`;
    case 'verdict':
      return `${event.look.verdict}: ${event.look.sentence}`;
    case 'promoted':
      return `promoted: ${event.sentence}`;
    case 'rollback-started':
      return `rolling back (${event.cause}): ${event.sentence}`;
    case 'rolled-back':
      return `rolled back (${event.cause}): ${event.sentence}`;
    case 'rejected':
    case 'aborted': {
      const by = `${event.type} by ${event.actor.name}`;
      return event.sentence.startsWith(by) ? event.sentence : `${by}: ${event.sentence}`;
    }
    case 'failed':
      return `failed in ${event.stage}: ${event.sentence}`;
    case 'unchanged':
      return `unchanged: ${event.sentence}`;
    case 'dry-run-finished':
      return `dry run: ${event.sentence}`;
  }
}

const HOOK_THEN = { 'roll-back': '', ask: '; a person decides', continue: '; the release goes on' } as const;

function queuedText({ behind, reason, message }: Extract<ReleaseEvent, { type: 'queued' }>): string {
  if (message !== undefined) return `queued: ${message}`;
  if (behind === null) return 'queued';
  return `queued behind ${behind}${reason && reason !== 'behind' ? ` (${reason})` : ''}`;
}

/** The steps once, however many waves run them. */
function planText({ steps, alias, waves = [] }: ResolvedPlan): string {
  const weights = steps.filter(({ wave = 0 }) => wave === 0).map((step) => percent(step.weight));
  const where = waves.map(({ regions }) => regions.join(' and ')).join(', then in ');
  return `plan: ${[...weights, '100 %'].join(' → ')} behind ${alias}${where === '' ? '' : `, in ${where}`}`;
}

function inWave({ wave, regions = [] }: Extract<ReleaseEvent, { type: 'step-started' }>): string {
  return wave === undefined ? '' : `, wave ${wave + 1} (${regions.join(' and ')})`;
}

function trafficText(event: Extract<ReleaseEvent, { type: 'traffic' }>): string {
  const { stable, canary, weight, region, wave } = event;
  const alias =
    region === undefined
      ? event.alias
      : `${event.alias} in ${region}${wave === undefined ? '' : ` (wave ${wave + 1})`}`;
  if (stable === null || weight >= 1) return `${alias} sends everything to version ${canary}`;
  if (weight === 0) return `${alias} sends everything to version ${stable}`;
  return `${alias} sends ${percent(weight)} to version ${canary}, the rest to version ${stable}`;
}

function seconds(ms: number): string {
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  return `${Number((ms / 60_000).toFixed(1))} min`;
}
