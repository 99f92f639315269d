/** What a timer trigger's `cronExpression` says: `@every 5m`, or six fields with an optional `CRON_TZ=Zone ` before them. */
import { isTimeZone } from '../local-time.ts';
import { nextFiring, parseCron, type Cron, type Parsed } from './cron.ts';

export type Timer =
  | { readonly kind: 'every'; readonly intervalMs: number }
  | { readonly kind: 'cron'; readonly cron: Cron };

const DURATION = /^@every (?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?$/;
const ZONE = /^CRON_TZ=(\S+) +/;

export function parseTimer(text: string): Parsed<Timer> {
  if (text.startsWith('@')) {
    const [, hours = '0', minutes = '0', seconds = '0'] = DURATION.exec(text) ?? [];
    const intervalMs = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
    if (intervalMs === 0)
      return { ok: false, fault: "must be '@every' with hours, minutes or seconds, e.g. '@every 5m'" };
    return { ok: true, value: { kind: 'every', intervalMs } };
  }
  const zone = ZONE.exec(text)?.[1] ?? 'UTC';
  if (!isTimeZone(zone)) return { ok: false, fault: `names the time zone '${zone}', which does not exist` };
  const parsed = parseCron(text.replace(ZONE, ''), zone);
  return parsed.ok ? { ok: true, value: { kind: 'cron', cron: parsed.value } } : parsed;
}

/** The first time after `afterMs`, Unix milliseconds; `@every` counts from there. */
export function nextTime(timer: Timer, afterMs: number): number {
  switch (timer.kind) {
    case 'every':
      return afterMs + timer.intervalMs;
    case 'cron':
      return nextFiring(timer.cron, afterMs);
  }
}
