import { describe, expect, test } from 'vitest';
import type { Freeze, FreezeWindow, Weekday } from './freeze.ts';
import { isTimeZone } from '../local-time.ts';
import { frozenAt, nextBeginning, nextChange, stretchAt } from './schedule.ts';

const BERLIN = 'Europe/Berlin';

function weekly(days: readonly Weekday[], from: string, until: string, timeZone = BERLIN): FreezeWindow {
  const minutes = (text: string): number => {
    const [hours = 0, rest = 0] = text.split(':').map(Number);
    return hours * 60 + rest;
  };
  return { kind: 'weekly', days, from: minutes(from), until: minutes(until), timeZone };
}

function at(iso: string): number {
  return Date.parse(iso);
}

function shown(window: FreezeWindow, iso: string): string | null {
  const stretch = stretchAt(window, at(iso));
  if (stretch === null) return null;
  const end = stretch.until === null ? 'open' : new Date(stretch.until).toISOString();
  return `${new Date(stretch.from).toISOString()} ${end}`;
}

function freeze(id: string, window: FreezeWindow, underWay: Freeze['underWay'] = 'finish'): Freeze {
  return { id, reason: id, window, underWay };
}

describe('a window that comes back every week', () => {
  const nights = weekly(['fri'], '22:00', '06:00');

  test('is on from its first instant to just before its last', () => {
    // Friday 2026-06-12, summer time: 22:00 is 20:00 UTC.
    expect(shown(nights, '2026-06-12T19:59:59.999Z')).toBeNull();
    expect(shown(nights, '2026-06-12T20:00:00Z')).toBe('2026-06-12T20:00:00.000Z 2026-06-13T04:00:00.000Z');
    expect(shown(nights, '2026-06-13T03:59:59.999Z')).not.toBeNull();
    expect(shown(nights, '2026-06-13T04:00:00Z')).toBeNull();
  });

  test('begins next on its weekday, also from within it', () => {
    const next = (iso: string): string => new Date(nextBeginning(nights, at(iso)) ?? 0).toISOString();
    expect(next('2026-06-10T12:00:00Z')).toBe('2026-06-12T20:00:00.000Z');
    expect(next('2026-06-12T21:00:00Z')).toBe('2026-06-19T20:00:00.000Z');
  });

  test('lasts to midnight where it ends at 24:00', () => {
    const all = weekly(['sat'], '00:00', '24:00', 'UTC');
    expect(shown(all, '2026-06-13T12:00:00Z')).toBe('2026-06-13T00:00:00.000Z 2026-06-14T00:00:00.000Z');
  });

  test('follows the clock of its zone: the day that counts is the day there', () => {
    // Monday 00:30 in Tokyo is Sunday 15:30 UTC.
    const monday = weekly(['mon'], '00:00', '08:00', 'Asia/Tokyo');
    expect(shown(monday, '2026-06-14T15:30:00Z')).toBe('2026-06-14T15:00:00.000Z 2026-06-14T23:00:00.000Z');
    expect(shown(monday, '2026-06-15T02:00:00Z')).toBeNull();
  });
});

describe('summer time', () => {
  // Berlin: forward on 2026-03-29 at 02:00 (01:00 UTC), back on 2026-10-25 at 03:00 (01:00 UTC).
  test('a night that loses an hour is an hour shorter', () => {
    const night = weekly(['sat'], '22:00', '06:00');
    expect(shown(night, '2026-03-28T22:00:00Z')).toBe('2026-03-28T21:00:00.000Z 2026-03-29T04:00:00.000Z');
  });

  test('a night that gains an hour is an hour longer', () => {
    const night = weekly(['sat'], '22:00', '06:00');
    expect(shown(night, '2026-10-24T23:00:00Z')).toBe('2026-10-24T20:00:00.000Z 2026-10-25T05:00:00.000Z');
  });

  test('a time that the clock skips is the moment of the change', () => {
    const skipped = weekly(['sun'], '02:30', '05:00');
    expect(shown(skipped, '2026-03-29T02:00:00Z')).toBe('2026-03-29T01:00:00.000Z 2026-03-29T03:00:00.000Z');
    const endsInGap = weekly(['sun'], '01:00', '02:30');
    expect(shown(endsInGap, '2026-03-29T00:30:00Z')).toBe(
      '2026-03-29T00:00:00.000Z 2026-03-29T01:00:00.000Z',
    );
  });

  test('a window that lies wholly in the skipped hour is not there that day', () => {
    const gone = weekly(['sun'], '02:10', '02:50');
    expect(shown(gone, '2026-03-29T01:00:00Z')).toBeNull();
    expect(shown(gone, '2026-04-05T00:20:00Z')).not.toBeNull();
  });

  test('a time that the clock shows twice is frozen both times', () => {
    const twice = weekly(['sun'], '02:30', '02:45');
    expect(shown(twice, '2026-10-25T00:31:00Z')).toBe('2026-10-25T00:30:00.000Z 2026-10-25T01:45:00.000Z');
    expect(shown(twice, '2026-10-25T01:40:00Z')).not.toBeNull();
  });

  test('a zone of half hours changes by half an hour', () => {
    // Lord Howe: forward on 2026-10-04 at 02:00 by 30 minutes (15:30 UTC the day before).
    const night = weekly(['sun'], '00:00', '04:00', 'Australia/Lord_Howe');
    expect(shown(night, '2026-10-03T14:00:00Z')).toBe('2026-10-03T13:30:00.000Z 2026-10-03T17:00:00.000Z');
  });
});

describe('several freezes', () => {
  const weekend = freeze('weekend', weekly(['sat', 'sun'], '00:00', '24:00', 'UTC'));
  const friday = freeze('friday', weekly(['fri'], '17:00', '24:00', 'UTC'), 'hold');

  test('that follow each other end together', () => {
    const frozen = frozenAt([weekend, friday], at('2026-06-12T18:00:00Z'));
    expect(frozen).toEqual({ freeze: friday, until: at('2026-06-15T00:00:00Z') });
  });

  test('the strictest word counts for what is under way', () => {
    const stop = freeze('stop', { kind: 'once', from: 0, until: null }, 'roll-back');
    const frozen = frozenAt([weekend, friday, stop], at('2026-06-12T18:00:00Z'));
    expect(frozen).toEqual({ freeze: stop, until: null });
  });

  test('of the whole week have no end', () => {
    const always = freeze(
      'always',
      weekly(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], '00:00', '24:00'),
    );
    expect(frozenAt([always], at('2026-06-12T18:00:00Z'))?.until).toBeNull();
  });

  test('change next at the nearest beginning or end', () => {
    const change = (iso: string): string =>
      new Date(nextChange([weekend, friday], at(iso)) ?? 0).toISOString();
    expect(change('2026-06-10T12:00:00Z')).toBe('2026-06-12T17:00:00.000Z');
    expect(change('2026-06-12T18:00:00Z')).toBe('2026-06-13T00:00:00.000Z');
    expect(nextChange([freeze('past', { kind: 'once', from: 1, until: 2 })], 3)).toBeNull();
  });

  test('none is nothing', () => {
    expect(frozenAt([], 0)).toBeNull();
    expect(frozenAt([weekend], at('2026-06-10T12:00:00Z'))).toBeNull();
  });
});

test('knows time zones by their names', () => {
  expect([BERLIN, 'UTC', 'Mars/Olympus'].map(isTimeZone)).toEqual([true, true, false]);
});

test('all over two years the stretch is the same from within, and the next one begins after it', () => {
  for (const window of [
    weekly(['sat'], '22:00', '06:00'),
    weekly(['sun', 'wed'], '01:30', '02:30', 'America/New_York'),
    weekly(['sun'], '00:00', '00:00', 'America/Santiago'),
  ])
    for (let now = at('2026-01-01T00:00:00Z'); now < at('2028-01-01T00:00:00Z'); now += 13 * 1_800_000) {
      const stretch = stretchAt(window, now);
      const next = nextBeginning(window, now);
      expect(next).toBeGreaterThan(now);
      if (stretch === null) continue;
      expect(stretch.from).toBeLessThanOrEqual(now);
      expect(stretchAt(window, stretch.from)).toEqual(stretch);
      expect(stretchAt(window, (stretch.until ?? 0) - 1)).toEqual(stretch);
      expect(next).toBeGreaterThanOrEqual(stretch.until ?? 0);
    }
});
