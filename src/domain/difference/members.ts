/**
 * Which settings differ, member by member. What a function's environment variables hold is never told, only which of
 * them differ: they are where secrets stand.
 */
import type { ManifestFunctionConfig } from '../manifest/model.ts';

export type Plain = string | number | boolean;

export interface MemberChange {
  /** `memorySize`, `environmentVariables.TOKEN` */
  readonly member: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** `null`: nothing was there, or the value is not shown. */
  readonly from: Plain | null;
  readonly to: Plain | null;
  /** The value is a secret or may be one. */
  readonly hidden: boolean;
}

type Settings = Readonly<Record<string, Plain>>;

interface WithVariables {
  readonly environmentVariables?: ManifestFunctionConfig['environmentVariables'];
}

/** Texts are cut at this length: a difference is read by people. Characters. */
const TEXT_LIMIT = 120;

/**
 * The members that differ, in the order of `to`. Both sides must have the same members, apart from their variables.
 * An initializer that is not there has no time limit that matters.
 */
export function memberChanges<T extends object>(
  from: T & WithVariables,
  to: T & WithVariables,
): MemberChange[] {
  const before = plain(from);
  const after = plain(to);
  const changes = Object.keys(after).flatMap((member): MemberChange[] => {
    const [was, is] = [before[member], after[member]];
    if (was === is || was === undefined || is === undefined) return [];
    return [{ member, change: 'changed', from: cut(was), to: cut(is), hidden: false }];
  });
  return [...changes, ...variableChanges(from.environmentVariables ?? {}, to.environmentVariables ?? {})];
}

function plain(settings: object & WithVariables): Settings {
  const { environmentVariables: _hidden, ...rest } = settings;
  const members = Object.fromEntries(Object.entries(rest).flatMap(([name, value]) => parts(name, value)));
  return members['initializer'] === '' ? { ...members, initializationTimeout: 0 } : members;
}

/** `customRuntimeConfig.command` and its like; lists are told as JSON. */
function parts(name: string, value: unknown): [string, Plain][] {
  if (Array.isArray(value)) return [[name, JSON.stringify(value)]];
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([member, inner]) => parts(`${name}.${member}`, inner));
  return [[name, value as Plain]];
}

function variableChanges(
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string>>,
): MemberChange[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort((a, b) => (a < b ? -1 : 1));
  return names.flatMap((name): MemberChange[] => {
    if (Object.hasOwn(from, name) && Object.hasOwn(to, name) && from[name] === to[name]) return [];
    const change = !Object.hasOwn(from, name) ? 'added' : !Object.hasOwn(to, name) ? 'removed' : 'changed';
    return [{ member: `environmentVariables.${name}`, change, from: null, to: null, hidden: true }];
  });
}

function cut(value: Plain): Plain {
  return typeof value === 'string' && value.length > TEXT_LIMIT ? `${value.slice(0, TEXT_LIMIT)}…` : value;
}
