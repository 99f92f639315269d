/**
 * Zod's issues as findings: each with its place in the file, what was found there, and what is allowed. A schema's
 * `error` texts say what is allowed ("a weight such as 5% or 0.05"); this file puts the rest around them.
 */
import { z } from 'zod';
import { pathText, type Finding } from '../finding.ts';
import { nearest } from '../names/nearest.ts';
import { findingAt, type Path } from './finding-at.ts';
import { describe, member, nodeAt, type YamlNode } from './node.ts';

/** A map that takes these keys and no others; an unknown one is refused with the nearest known key named. */
export function strictMap<S extends z.ZodRawShape>(what: string, shape: S) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    // For unknown keys the message carries the known ones to `unknownKey` below.
    error: (issue) => (issue.code === 'unrecognized_keys' ? keys : `${what}: a map of ${keys}`),
  });
}

/** All issues, in the schema's order. */
export function findingsOf(error: z.ZodError, root: YamlNode): Finding[] {
  return error.issues.flatMap((issue) => fromIssue(issue, [], root));
}

function fromIssue(issue: z.core.$ZodIssue, prefix: Path, root: YamlNode): Finding[] {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, issue.message.split(', '), root));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) =>
      findingAt(root, path, 'name', `found ${JSON.stringify(path.at(-1))}; allowed: ${inner.message}`),
    );
  }
  if (issue.code === 'invalid_union') {
    // The branch that took the value's kind has the useful issues.
    const branch = issue.errors.find((issues) => issues.length > 0 && issues.every((i) => i.path.length > 0));
    if (branch) return branch.flatMap((inner) => fromIssue(inner, path, root));
  }
  return [valueFinding(root, path, issue.message)];
}

/** One value that is missing or not allowed. */
export function valueFinding(root: YamlNode, path: Path, allowed: string): Finding {
  const parent = nodeAt(root, path.slice(0, -1));
  const last = path.at(-1);
  const there =
    last === undefined ||
    (typeof last === 'number' ? parent.kind === 'list' && last < parent.items.length : member(parent, last));
  return there
    ? findingAt(root, path, 'value', `found ${describe(nodeAt(root, path))}; allowed: ${allowed}`)
    : findingAt(root, path, 'missing', `is missing; allowed: ${allowed}`);
}

function unknownKey(path: Path, key: string, known: readonly string[], root: YamlNode): Finding {
  const meant = nearest(key, known);
  const parent = nodeAt(root, path.slice(0, -1));
  const entry = parent.kind === 'map' ? parent.entries.find((e) => e.key === key) : undefined;
  return {
    code: 'unknown-key',
    level: 'error',
    path: pathText(path),
    message: `the key ${key} is unknown; ${meant === null ? 'allowed' : `did you mean ${meant}? Allowed`}: ${known.join(', ')}`,
    at: entry?.keyAt ?? parent.at,
  };
}
