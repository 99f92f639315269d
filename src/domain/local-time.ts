/**
 * Wall-clock time of a time zone ↔ instants, across changes to and from summer time. The zone's rules are those of
 * the Node.js that runs this.
 */

export interface LocalDate {
  readonly year: number;
  /** 1…12 */
  readonly month: number;
  readonly day: number;
}

export interface LocalTime extends LocalDate {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** True for a name that this machine knows, e.g. `Europe/Berlin`, `UTC`. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What clock and calendar on the wall show. @throws RangeError where `isTimeZone` says no */
export function localTime(at: number, timeZone: string): LocalTime {
  const parts: Partial<Record<string, number>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

/** The date so many days later (or earlier). */
export function addDays({ year, month, day }: LocalDate, days: number): LocalDate {
  const shown = new Date(Date.UTC(year, month - 1, day) + days * DAY_MS);
  return { year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1, day: shown.getUTCDate() };
}

/** 0 = Monday … 6 = Sunday. */
export function weekdayOf({ year, month, day }: LocalDate): number {
  return (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
}

/**
 * The instant at which the clock shows the minute of the date.
 *
 * @param minutes since midnight, 0…1440
 * @param twice which of two instants where the clock is put back and shows the time twice
 * @returns where the clock is put forward over that time, the instant of the change
 */
export function instantOf(
  date: LocalDate,
  minutes: number,
  timeZone: string,
  twice: 'first' | 'second',
): number {
  const shown = Date.UTC(date.year, date.month - 1, date.day) + minutes * MINUTE_MS;
  // The offsets on both sides of any change near by; changes are months apart.
  const before = offsetAt(shown - DAY_MS, timeZone);
  const after = offsetAt(shown + DAY_MS, timeZone);
  const fitting = [...new Set([before, after])]
    .map((offset) => shown - offset)
    .filter((at) => at + offsetAt(at, timeZone) === shown)
    .sort((a, b) => a - b);
  const [first] = fitting;
  if (first !== undefined) return twice === 'first' ? first : (fitting.at(-1) ?? first);
  return changeBetween(shown - Math.max(before, after), shown - Math.min(before, after), timeZone);
}

/** The first instant after `low` that has the offset of `high`. */
function changeBetween(low: number, high: number, timeZone: string): number {
  const later = offsetAt(high, timeZone);
  let [from, to] = [low, high];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (offsetAt(middle, timeZone) === later) to = middle;
    else from = middle;
  }
  return to;
}

/** What the clock shows minus UTC, milliseconds. */
function offsetAt(at: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = localTime(at, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  // Names are the same in upper and lower case, and whoever writes one must not fill the memory with its spellings.
  const key = timeZone.toLowerCase();
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(key, made);
  return made;
}
