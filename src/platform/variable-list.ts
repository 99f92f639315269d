/** Variables of the environment that hold several things. */
import { z } from 'zod';

/** Separated by commas or blanks; empty: none. */
export const variableList = z
  .string()
  .default('')
  .transform((list) => list.split(/[\s,]+/).filter(Boolean));

/** `name=value`, at the first equals sign; without one there is no name. */
export function pairOf(entry: string): [name: string, value: string] {
  const equals = entry.indexOf('=');
  return [entry.slice(0, Math.max(0, equals)), entry.slice(equals + 1)];
}
