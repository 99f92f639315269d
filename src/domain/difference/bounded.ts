/** A difference as small as an event may be: it stays in a workflow's history and in the record that lists read. */
import type { FunctionDifference, ServiceDifference } from './difference.ts';

/** Functions and settings that are told of one service, together. */
const MOST = 100;

/** The same with at most 100 functions and settings; what goes first is what did not change. `leftOut` says how many. */
export function bounded(difference: ServiceDifference, most = MOST): ServiceDifference {
  let room = most - Math.min(difference.settings.length, most);
  const told = new Map<string, FunctionDifference>();
  const order = [...difference.functions].sort((a, b) => rank(a) - rank(b));
  for (const one of order) {
    if (room < 1) break;
    const settings = one.settings.slice(0, room - 1);
    room -= 1 + settings.length;
    told.set(one.name, { ...one, settings });
  }
  const kept = difference.kept.slice(0, Math.max(room, 0));
  const functions = difference.functions.flatMap(({ name }) => told.get(name) ?? []);
  const bound = { ...difference, settings: difference.settings.slice(0, most), functions, kept };
  return { ...bound, leftOut: difference.leftOut + count(difference) - count(bound) };
}

function rank({ change }: FunctionDifference): number {
  return change === 'unchanged' ? 1 : 0;
}

function count({ settings, functions, kept }: ServiceDifference): number {
  return functions.reduce((sum, one) => sum + 1 + one.settings.length, settings.length + kept.length);
}
