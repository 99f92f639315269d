/**
 * When a timer trigger fires: `@every 5m`, or six fields (second, minute, hour, day of month, month, day of week) with an
 * optional `CRON_TZ=Zone ` before them. Only whether an expression can be read is asked here.
 */

const DURATION = /^@every (?:\d+h)?(?:\d+m)?(?:\d+s)?$/;
const ZONE = /^CRON_TZ=(\S+) +/;

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

/** What is wrong with an expression, in words; `undefined` when nothing is. */
export function timerExpressionFault(text: string): string | undefined {
  if (text.startsWith('@'))
    return DURATION.test(text) && /[1-9]/.test(text)
      ? undefined
      : "must be '@every' with hours, minutes or seconds, e.g. '@every 5m'";
  const zone = ZONE.exec(text)?.[1];
  if (zone !== undefined && !isTimeZone(zone)) return `names the time zone '${zone}', which does not exist`;
  const parts = text.replace(ZONE, '').split(/ +/);
  if (parts.length !== FIELDS.length) return `has ${parts.length} fields instead of six, e.g. '0 0 4 * * *'`;
  for (const [index, field] of FIELDS.entries()) {
    const part = parts[index] ?? '';
    if (!part.split(',').every((item) => fits(item, field)))
      return `has '${part}' as its ${field.name}, which is not within ${field.min}-${field.max}`;
  }
  return undefined;
}

/** `*`, `?`, `n`, `a-b`, and each with a step `/n`. */
function fits(item: string, field: Field): boolean {
  const [range = '', step, ...rest] = item.split('/');
  if (rest.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) return false;
  if (range === '*') return true;
  if (range === '?') return field.name.startsWith('day');
  const ends = range.split('-').map((end) => valueOf(end, field));
  const [first = Number.NaN, last = first] = ends;
  return ends.length <= 2 && first >= field.min && last <= field.max && first <= last;
}

function valueOf(text: string, { names, min }: Field): number {
  const named = names.indexOf(text.toUpperCase());
  if (named >= 0) return named + min;
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone }).format();
    return true;
  } catch {
    return false;
  }
}
