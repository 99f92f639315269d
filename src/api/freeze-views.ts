/** Freezes between the API's words and the domain's: ISO 8601 and `HH:MM` outside, milliseconds and minutes inside. */
import type { FreezeWindow } from '../domain/freeze/freeze.ts';
import { nextBeginning, stretchAt } from '../domain/freeze/schedule.ts';
import type { StoredBypass, StoredFreeze } from '../store/freezes.ts';
import type { BypassView, FreezeView, NewFreeze } from './schema/freeze.ts';
import { iso, isoOrNull } from './views.ts';

/** @param now Unix milliseconds; when a window begins that names no beginning */
export function windowOf(window: NewFreeze['window'], now: number): FreezeWindow {
  if (window.kind === 'weekly')
    return {
      kind: 'weekly',
      days: [...new Set(window.days)],
      from: minutesOf(window.from),
      until: minutesOf(window.until),
      timeZone: window.timeZone,
    };
  const { from, until } = window;
  return {
    kind: 'once',
    from: from === undefined ? now : Date.parse(from),
    until: until === null ? null : Date.parse(until),
  };
}

/** As it stands at `now`, with those who may pass it. */
export function freezeView(freeze: StoredFreeze, bypasses: readonly StoredBypass[], now: number): FreezeView {
  const { id, project, environment, reason, underWay, window, createdBy, createdAt } = freeze;
  const on = stretchAt(window, now);
  return {
    id,
    project,
    environment,
    reason,
    underWay,
    window:
      window.kind === 'once'
        ? { kind: 'once', from: iso(window.from), until: isoOrNull(window.until) }
        : { ...window, days: [...window.days], from: clockOf(window.from), until: clockOf(window.until) },
    on: on && { from: iso(on.from), until: isoOrNull(on.until) },
    next: isoOrNull(nextBeginning(window, now)),
    createdBy,
    createdAt: iso(createdAt),
    bypasses: bypasses.map(bypassView),
  };
}

export function bypassView(bypass: StoredBypass): BypassView {
  const { freezeId, project, environment, releaseId, until, comment, actor, at } = bypass;
  return {
    freeze: freezeId,
    project,
    environment,
    release: releaseId,
    until: isoOrNull(until),
    comment,
    actor,
    at: iso(at),
  };
}

function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

function clockOf(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
