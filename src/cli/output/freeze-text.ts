/** Freezes in words: a table, and when one is on. Times are of this machine, those of weekly windows of their zone. */
import type { FreezeView } from '../../api/views.ts';
import { timeText } from './release-text.ts';
import { tableText } from './table.ts';

const HEADINGS = ['FREEZE', 'WHERE', 'NOW', 'WHEN', 'UNDER WAY', 'PASSES', 'WHY'];

export function freezeListText(freezes: readonly FreezeView[]): string {
  const rows = freezes.map((freeze) => [
    freeze.id,
    `${freeze.project ?? '*'}.${freeze.environment ?? '*'}`,
    freeze.on === null ? 'open' : 'frozen',
    freezeWhenText(freeze),
    freeze.underWay,
    freeze.bypasses.map((one) => one.release ?? `${one.project}.${one.environment}`).join(', '),
    freeze.reason,
  ]);
  return tableText(HEADINGS, rows, 'nothing is frozen');
}

/** For example `from 2026-12-24 12:00:00 until 2027-01-02 08:00:00`, `fri 17:00–24:00 Europe/Berlin`. */
export function freezeWhenText({ window }: FreezeView): string {
  if (window.kind === 'weekly')
    return `${window.days.join(',')} ${window.from}–${window.until} ${window.timeZone}`;
  const end = window.until === null ? 'until it is ended' : `until ${timeText(window.until)}`;
  return `from ${timeText(window.from)} ${end}`;
}
