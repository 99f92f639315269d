/**
 * Freeze windows: times in which nothing is released to an environment. One is either a single stretch of time or
 * comes back every week by the clock of a time zone; it says what becomes of a release that is under way.
 */

/** Monday first, as ISO 8601 counts. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** From the mildest to the strictest: where several freezes apply, the strictest word counts. */
export const UNDER_WAY = ['finish', 'hold', 'roll-back'] as const;
/** What a freeze does to a release that runs when it begins. */
export type UnderWay = (typeof UNDER_WAY)[number];

/** The stricter word of two. */
export function stricter(one: UnderWay, other: UnderWay | undefined): UnderWay {
  return other !== undefined && UNDER_WAY.indexOf(other) > UNDER_WAY.indexOf(one) ? other : one;
}

export type FreezeWindow =
  /** Unix milliseconds; `until: null` = until somebody ends it. */
  | { readonly kind: 'once'; readonly from: number; readonly until: number | null }
  /**
   * On each of the days from `from` to `until` by the clock of the time zone (minutes since midnight, 0…1440). A
   * window whose end is not after its beginning ends on the next day.
   */
  | {
      readonly kind: 'weekly';
      readonly days: readonly Weekday[];
      readonly from: number;
      readonly until: number;
      /** IANA name, e.g. `Europe/Berlin`. */
      readonly timeZone: string;
    };

export interface Freeze {
  readonly id: string;
  /** Why, for people. */
  readonly reason: string;
  readonly window: FreezeWindow;
  readonly underWay: UnderWay;
}

/** A stretch of time, Unix milliseconds, the end not included; `null` = without end. */
export interface Stretch {
  readonly from: number;
  readonly until: number | null;
}
