/** Where a project's events are sent, as its record holds it; the secret is kept apart. */

/** Each is one file in `activities/notify/`. */
export const CHANNEL_KINDS = ['webhook'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export interface NotificationChannel {
  /** Once in the project. */
  readonly name: string;
  readonly kind: ChannelKind;
  readonly url: string;
  /** Types of events; `null`: as the plan says, else the usual ones. */
  readonly events: readonly string[] | null;
}

/** The address as people may see it: the path and the query of a chat's webhook are its key. */
export function shownAddress(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}/${pathname === '/' && search === '' ? '' : '…'}`;
}
