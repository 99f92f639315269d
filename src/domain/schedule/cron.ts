/**
 * Six-field cron expressions as Function Compute writes them (guide.md §10, fc-api.md §4): second, minute, hour, day of
 * month, month, day of week (1 or MON to 7 or SUN; 0 is Sunday too). `*` every, `?` no value, `,` lists, `-` ranges,
 * `a/n` from a every n. Where both day fields are given, a day that fits either fits.
 */
import { localTime, weekdayOf, type LocalDate, type LocalTime } from '../local-time.ts';

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'second', min: 0, max: 59, names: [] },
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  // Both ends are Sunday.
  { name: 'day of week', min: 0, max: 7, names: DAYS },
];

const SECOND_MS = 1_000;
const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
/** More than any clock is moved at once: a jump over days stops this short of midnight. */
const CLOCK_CHANGE_S = 3 * HOUR_S;
/** Two leap days are at most eight years apart. */
const FAR_MS = 9 * 366 * DAY_S * SECOND_MS;

/** When an expression fires, each field as the set of its values. */
export interface Cron {
  readonly seconds: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0…6, Sunday first. */
  readonly daysOfWeek: ReadonlySet<number>;
  readonly anyDayOfMonth: boolean;
  readonly anyDayOfWeek: boolean;
  /** IANA name. */
  readonly zone: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** `fault` goes on after the name of what was read: "has 5 fields instead of six". */
  | { readonly ok: false; readonly fault: string };

/** Reads six fields. @param zone IANA name that exists */
export function parseCron(text: string, zone: string): Parsed<Cron> {
  const parts = text.trim().split(/ +/);
  if (parts.length !== FIELDS.length)
    return { ok: false, fault: `has ${parts.length} fields instead of six, e.g. '0 0 4 * * *'` };
  const sets: Set<number>[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const part = parts[index] ?? '';
    const values = valuesOf(part, field);
    if (!values)
      return {
        ok: false,
        fault: `has '${part}' as its ${field.name}, which is not within ${field.min}-${field.max}`,
      };
    sets.push(values);
  }
  const [seconds, minutes, hours, daysOfMonth, months, weekdays] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  const isAny = (index: number): boolean => /^[*?]/.test(parts[index] ?? '');
  const cron: Cron = {
    seconds,
    minutes,
    hours,
    daysOfMonth,
    months,
    daysOfWeek: new Set([...weekdays].map((day) => day % 7)),
    anyDayOfMonth: isAny(3),
    anyDayOfWeek: isAny(5),
    zone,
  };
  return canFire(cron) ? { ok: true, value: cron } : { ok: false, fault: 'names a day that no month has' };
}

/**
 * The first firing after `afterMs` (Unix milliseconds), on a whole second. Where clocks go forward, what would fall into
 * the lost hour is left out; where they go back, the hour that comes twice fires twice.
 *
 * @throws RangeError where nothing fires in nine years, which `parseCron` lets no expression come to
 */
export function nextFiring(cron: Cron, afterMs: number): number {
  const end = afterMs + FAR_MS;
  let at = (Math.floor(afterMs / SECOND_MS) + 1) * SECOND_MS;
  while (at < end) {
    const skipS = secondsToSkip(cron, localTime(at, cron.zone));
    if (skipS === 0) return at;
    at += skipS * SECOND_MS;
  }
  throw new RangeError('the expression does not fire within nine years');
}

/** How far at least the next firing is away; 0 when it is now. Never beyond a firing, whatever the clocks do. */
function secondsToSkip(cron: Cron, local: LocalTime): number {
  const { month, day, hour, minute, second } = local;
  const leftOfDay = DAY_S - (hour * HOUR_S + minute * 60 + second);
  const leftOfHour = HOUR_S - (minute * 60 + second);
  const overDays = (days: number): number =>
    days > 0 || leftOfDay > CLOCK_CHANGE_S + HOUR_S ? days * DAY_S + leftOfDay - CLOCK_CHANGE_S : leftOfHour;
  // Every month has a 28th.
  if (!cron.months.has(month)) return overDays(Math.max(0, 27 - day));
  if (!fitsDay(cron, local)) return overDays(0);
  if (!cron.hours.has(hour)) return leftOfHour;
  if (!cron.minutes.has(minute)) return 60 - second;
  return cron.seconds.has(second) ? 0 : 1;
}

function fitsDay(cron: Cron, date: LocalDate): boolean {
  const fitsMonthDay = cron.daysOfMonth.has(date.day);
  // Cron's week begins with Sunday.
  const fitsWeekday = cron.daysOfWeek.has((weekdayOf(date) + 1) % 7);
  if (cron.anyDayOfMonth || cron.anyDayOfWeek) return fitsMonthDay && fitsWeekday;
  return fitsMonthDay || fitsWeekday;
}

/** February 30 never comes. */
function canFire(cron: Cron): boolean {
  if (!cron.anyDayOfMonth && !cron.anyDayOfWeek) return true;
  const first = Math.min(...cron.daysOfMonth);
  return [...cron.months].some(
    (month) => first <= (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31),
  );
}

/** The values that a field names, or `undefined` where it cannot be read. */
function valuesOf(part: string, field: Field): Set<number> | undefined {
  const values = new Set<number>();
  for (const item of part.split(',')) {
    const range = rangeOf(item, field);
    if (!range) return undefined;
    for (let value = range.first; value <= range.last; value += range.step) values.add(value);
  }
  return values;
}

/** `*`, `?`, `n`, `a-b`, and each with a step `/n`; `a/n` goes on to the end. */
function rangeOf(item: string, field: Field): { first: number; last: number; step: number } | undefined {
  const [range = '', stepText, ...rest] = item.split('/');
  if (rest.length > 0 || (stepText !== undefined && !/^[1-9]\d?$/.test(stepText))) return undefined;
  const step = Number(stepText ?? 1);
  if (range === '*' || (range === '?' && field.name.startsWith('day')))
    return { first: field.min, last: field.max, step };
  const ends = range.split('-').map((end) => valueOf(end, field));
  const [first = Number.NaN, end] = ends;
  const last = end ?? (stepText === undefined ? first : field.max);
  const isWithin = ends.length <= 2 && first >= field.min && last <= field.max && first <= last;
  return isWithin ? { first, last, step } : undefined;
}

function valueOf(text: string, { names, min }: Field): number {
  const named = names.indexOf(text.toUpperCase());
  if (named >= 0) return named + min;
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
}
