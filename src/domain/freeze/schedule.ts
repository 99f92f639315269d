/** When a freeze is on: the stretch around an instant, the next one, and the end of several that follow each other. */
import { UNDER_WAY, WEEKDAYS, type Freeze, type FreezeWindow, type Stretch } from './freeze.ts';
import { addDays, instantOf, localTime, weekdayOf, type LocalDate } from '../local-time.ts';

const DAY_MINUTES = 1_440;
/** Stretches that follow each other without a gap; a whole year of days is more than anybody means. */
const MOST_JOINED = 400;

/** What stands at an instant. */
export interface Frozen {
  /** The strictest freeze that is on. */
  readonly freeze: Freeze;
  /** When nothing is frozen any more, Unix milliseconds; `null`: no end is set. */
  readonly until: number | null;
}

/** The stretch of the window that holds the instant, or `null`. */
export function stretchAt(window: FreezeWindow, at: number): Stretch | null {
  if (window.kind === 'once') {
    const { from, until } = window;
    return from <= at && (until === null || at < until) ? { from, until } : null;
  }
  return stretchesNear(window, at).find(({ from, until }) => from <= at && at < until) ?? null;
}

/** When the window begins next after the instant, or `null`. */
export function nextBeginning(window: FreezeWindow, at: number): number | null {
  if (window.kind === 'once') return window.from > at ? window.from : null;
  const starts = stretchesNear(window, at).map(({ from }) => from);
  return starts.filter((from) => from > at).toSorted((a, b) => a - b)[0] ?? null;
}

/** What is frozen at the instant; `null`: nothing. */
export function frozenAt(freezes: readonly Freeze[], at: number): Frozen | null {
  const on = freezes.filter(({ window }) => stretchAt(window, at) !== null);
  const [strictest] = on.toSorted(
    (a, b) => UNDER_WAY.indexOf(b.underWay) - UNDER_WAY.indexOf(a.underWay) || a.id.localeCompare(b.id),
  );
  return strictest === undefined ? null : { freeze: strictest, until: endOf(freezes, at) };
}

/** The next instant at which a freeze begins or ends, or `null`: asking again before it gives the same answer. */
export function nextChange(freezes: readonly Freeze[], at: number): number | null {
  const changes = freezes.flatMap(({ window }) => [
    stretchAt(window, at)?.until ?? null,
    nextBeginning(window, at),
  ]);
  return changes.filter((change) => change !== null).toSorted((a, b) => a - b)[0] ?? null;
}

/** The end of all freezes that are on or follow without a gap. */
function endOf(freezes: readonly Freeze[], at: number): number | null {
  let end = at;
  for (let joined = 0; joined < MOST_JOINED; joined += 1) {
    const on = freezes.map(({ window }) => stretchAt(window, end)).filter((stretch) => stretch !== null);
    if (on.length === 0) return end;
    if (on.some(({ until }) => until === null)) return null;
    end = Math.max(...on.map(({ until }) => until ?? 0));
  }
  return null;
}

/** Stretches of the week around the instant, oldest first: one that began yesterday to one that begins in eight days. */
function stretchesNear(
  window: Extract<FreezeWindow, { kind: 'weekly' }>,
  at: number,
): { readonly from: number; readonly until: number }[] {
  const today = localTime(at, window.timeZone);
  return Array.from({ length: 10 }, (_, index) => addDays(today, index - 1))
    .filter((date) => window.days.includes(WEEKDAYS[weekdayOf(date)] ?? 'mon'))
    .map((date) => stretchOn(window, date))
    .filter(({ from, until }) => until > from);
}

/** Where the clock shows a time twice, the window takes in both: it begins at the first and ends at the second. */
function stretchOn(
  { from, until, timeZone }: Extract<FreezeWindow, { kind: 'weekly' }>,
  date: LocalDate,
): { readonly from: number; readonly until: number } {
  const endsNextDay = until <= from || until === DAY_MINUTES;
  const endDate = endsNextDay ? addDays(date, 1) : date;
  const end = until === DAY_MINUTES ? 0 : until;
  return {
    from: instantOf(date, from, timeZone, 'first'),
    until: instantOf(endDate, end, timeZone, 'second'),
  };
}
