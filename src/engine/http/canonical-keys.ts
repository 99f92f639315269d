/**
 * What SDKs send, made to fit the schemas: keys match whatever their case (Go sends `Description`), and an explicit
 * `null` is the same as an absent member (Go sends every unset field so). Spec: fc-api.md §1.
 */
import { z } from 'zod';

/** `value` with the keys spelled as `schema` spells them and without nulls; unknown members stay and are ignored later. */
export function canonicalKeys(schema: unknown, value: unknown): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject && isPlainObject(value)) {
    const spelling = spellingOf(inner);
    const entries: [string, unknown][] = [];
    for (const [key, member] of Object.entries(value)) {
      if (member === null) continue;
      const name = spelling.get(key.toLowerCase()) ?? key;
      entries.push([name, canonicalKeys(inner.shape[name], member)]);
    }
    return Object.fromEntries(entries);
  }
  if (inner instanceof z.ZodArray && Array.isArray(value))
    return value.map((member: unknown) => canonicalKeys(inner.element, member));
  return value;
}

function unwrap(schema: unknown): unknown {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  )
    return unwrap(schema.unwrap());
  return schema;
}

const spellings = new WeakMap<z.ZodObject, Map<string, string>>();

function spellingOf(schema: z.ZodObject): Map<string, string> {
  let spelling = spellings.get(schema);
  if (!spelling) {
    spelling = new Map(Object.keys(schema.shape).map((name) => [name.toLowerCase(), name]));
    spellings.set(schema, spelling);
  }
  return spelling;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
