import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextFiring, parseCron } from './cron.ts';
import { nextTime, parseTimer } from './timer.ts';

const at = (text: string): number => Date.parse(text);

/** The next firings of an expression, as UTC texts without what never changes. */
function firings(expression: string, after: string, count = 1): string[] {
  const parsed = parseTimer(expression);
  if (!parsed.ok) throw new Error(parsed.fault);
  const found: string[] = [];
  for (let ms = at(after); found.length < count; found.push(new Date(ms).toISOString().slice(0, 19)))
    ms = nextTime(parsed.value, ms);
  return found;
}

describe('a timer', () => {
  test.each<[string, string, string[]]>([
    ['@every 1h30m', '2026-01-01T00:00:00Z', ['2026-01-01T01:30:00', '2026-01-01T03:00:00']],
    ['0 0 4 * * *', '2026-01-01T04:00:00Z', ['2026-01-02T04:00:00', '2026-01-03T04:00:00']],
    ['0 0 20 * * ?', '2026-01-01T00:00:00.500Z', ['2026-01-01T20:00:00']],
    ['*/20 * * * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:00:20', '2026-01-01T00:00:40']],
    ['0 3/25 0 * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:03:00', '2026-01-01T00:28:00']],
    ['0 0 12 ? * MON,WED', '2026-01-01T00:00:00Z', ['2026-01-05T12:00:00', '2026-01-07T12:00:00']],
    ['0 0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00']],
    ['0 0 0 13 * 5', '2026-02-06T00:00:00Z', ['2026-02-13T00:00:00', '2026-02-20T00:00:00']],
    ['0 0 0 ? * 7', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00']],
    ['CRON_TZ=Asia/Shanghai 0 0 4 * * *', '2026-01-01T00:00:00Z', ['2026-01-01T20:00:00']],
    ['0 59 23 31 DEC ?', '2026-01-01T00:00:00Z', ['2026-12-31T23:59:00']],
  ])('%s after %s fires at %j', (expression, after, expected) => {
    expect(firings(expression, after, expected.length)).toEqual(expected);
  });

  test('leaves out what falls into the hour that clocks skip, and fires in both that come twice', () => {
    const berlin = 'CRON_TZ=Europe/Berlin 0 30 2 * * *';
    expect(firings(berlin, '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-30T00:30:00',
      '2026-03-31T00:30:00',
    ]);
    expect(firings(berlin, '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00',
      '2026-10-25T01:30:00',
    ]);
    // Midnight itself is what Havana skips; the day after is not lost with it.
    expect(firings('CRON_TZ=America/Havana 0 0 1 * * *', '2026-03-07T12:00:00Z')).toEqual([
      '2026-03-08T05:00:00',
    ]);
  });

  test.each([
    ['@every', "must be '@every' with hours"],
    ['@every 0m', "must be '@every' with hours"],
    ['@hourly', "must be '@every' with hours"],
    ['0 4 * * *', 'has 5 fields instead of six'],
    ['0 60 * * * *', "has '60' as its minute, which is not within 0-59"],
    ['0 0 0 ? 13 *', "has '13' as its month"],
    ['? 0 0 * * *', "has '?' as its second"],
    ['0 0 5-3 * * *', "has '5-3' as its hour"],
    ['0 0/0 0 * * *', "has '0/0' as its minute"],
    ['0 0 0 30 2 ?', 'names a day that no month has'],
    ['CRON_TZ=Mars/Base 0 0 4 * * *', "names the time zone 'Mars/Base', which does not exist"],
  ])('may not read %s', (text, fault) => {
    expect(parseTimer(text)).toEqual({ ok: false, fault: expect.stringContaining(fault) });
  });
});

describe('whatever the expression', () => {
  const field = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc
        .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 3 })
        .map((values) => values.join(',')),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min: 1, max: 20 }))
        .map(([from, step]) => `${from}/${step}`),
    );
  const expressions = fc
    .tuple(field(0, 59), field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7))
    .map((fields) => fields.join(' '));
  const zones = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'America/New_York',
  );
  const times = fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') });

  test('the next firing is later, on a whole second, and nothing between is left out', () => {
    fc.assert(
      fc.property(
        expressions,
        zones,
        times,
        fc.integer({ min: 1, max: 40 * 24 * 3_600 }),
        (text, zone, after, back) => {
          const parsed = parseCron(text, zone);
          if (!parsed.ok) throw new Error(parsed.fault);
          const next = nextFiring(parsed.value, after);
          expect(next).toBeGreaterThan(after);
          expect(next % 1_000).toBe(0);
          // Asked from anywhere between, the answer is the same: no jump goes over a firing, and none is made up.
          const between = Math.max(after, next - back * 1_000);
          expect(nextFiring(parsed.value, between)).toBe(next);
          expect(nextFiring(parsed.value, next - 1)).toBe(next);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('it agrees with looking at every second', () => {
    fc.assert(
      fc.property(field(0, 59), field(0, 59), times, (second, minute, after) => {
        const parsed = parseCron(`${second} ${minute} * * * *`, 'UTC');
        if (!parsed.ok) throw new Error(parsed.fault);
        let ms = (Math.floor(after / 1_000) + 1) * 1_000;
        for (; ; ms += 1_000) {
          const date = new Date(ms);
          if (
            parsed.value.seconds.has(date.getUTCSeconds()) &&
            parsed.value.minutes.has(date.getUTCMinutes())
          )
            break;
        }
        expect(nextFiring(parsed.value, after)).toBe(ms);
      }),
      { numRuns: 100 },
    );
  });
});
