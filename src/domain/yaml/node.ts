/** A YAML document as a plain tree: aliases and merges are resolved, and every node knows where it was written. */
import type { Position } from '../finding.ts';

export type YamlNode = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
  readonly at: Position;
}

export interface YamlEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: YamlNode;
}

export interface YamlList {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
  readonly at: Position;
}

export interface YamlScalar {
  readonly kind: 'scalar';
  /** By the core schema: `0123` is 123, `yes` is text. */
  readonly value: string | number | boolean | null;
  /** What was written: text fields take this, so that `1.0` and `0123` stay what they are. */
  readonly source: string;
  readonly at: Position;
}

/** The value under `key`, if the node is a map and has it. */
export function member(node: YamlNode | undefined, key: string): YamlNode | undefined {
  return node?.kind === 'map' ? node.entries.find((e) => e.key === key)?.value : undefined;
}

/** The node at `path`, or the deepest one on the way to it: where to point when something is missing. */
export function nodeAt(root: YamlNode, path: readonly (string | number)[]): YamlNode {
  let node = root;
  for (const part of path) {
    const next =
      typeof part === 'number' && node.kind === 'list' ? node.items[part] : member(node, String(part));
    if (!next) return node;
    node = next;
  }
  return node;
}

/** A node in a few words, as error messages quote it. */
export function describe(node: YamlNode): string {
  switch (node.kind) {
    case 'map':
      return node.entries.length === 0 ? 'an empty map' : 'a map';
    case 'list':
      return node.items.length === 0 ? 'an empty list' : 'a list';
    case 'scalar': {
      if (node.value === null) return 'nothing';
      const short = node.source.length > 60 ? `${node.source.slice(0, 57)}…` : node.source;
      // What YAML takes for a number or a flag is not a text: 1 and "1" are two things.
      return typeof node.value === 'string' ? JSON.stringify(short) : short;
    }
  }
}
