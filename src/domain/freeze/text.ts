/** A freeze in one line, for whoever waits for its end. */

/** For example `frozen until 2026-12-27 08:00 UTC: no releases over the holidays`. `until`: Unix milliseconds. */
export function freezeText({
  reason,
  until,
}: {
  readonly reason: string;
  readonly until: number | null;
}): string {
  const end =
    until === null
      ? 'until somebody ends it'
      : `until ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `frozen ${end}: ${reason}`;
}
