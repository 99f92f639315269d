/** From the library's nodes to our tree: expands aliases and `<<` within limits, refuses what has two readings. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { pathText, sortFindings, type Finding, type Position } from '../finding.ts';
import type { YamlEntry, YamlNode } from './node.ts';

const MAX_DEPTH = 64;
const MAX_NODES = 50_000;
const MAX_ALIASES = 100;

const TAGS: ReadonlySet<string> = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((tag) => `tag:yaml.org,2002:${tag}`),
);

/** Position of an offset in the text. */
export type Places = (offset: number) => Position;

interface Built {
  readonly node: YamlNode;
  readonly size: number;
  readonly height: number;
}

type Path = readonly (string | number)[];

/** A limit was passed: there is no use in going on. */
class LimitReached extends Error {
  override readonly name = 'LimitReached';
}

/** The tree, or everything that keeps it from being one. */
export function buildTree(
  contents: Node | null,
  at: Places,
): { readonly root: YamlNode } | { readonly findings: Finding[] } {
  const builder = new TreeBuilder(at);
  try {
    const root = builder.build(contents, [], 0, at(0)).node;
    return builder.findings.length > 0 ? { findings: sortFindings(builder.findings) } : { root };
  } catch (error) {
    if (error instanceof LimitReached) return { findings: sortFindings(builder.findings) };
    throw error;
  }
}

class TreeBuilder {
  readonly findings: Finding[] = [];
  readonly #at: Places;
  /** `null` while the anchored node itself is being built. */
  readonly #anchors = new Map<string, Built | null>();
  #nodes = 0;
  #aliases = 0;

  constructor(at: Places) {
    this.#at = at;
  }

  build(node: Node | null, path: Path, depth: number, fallback: Position): Built {
    const at = node?.range ? this.#at(node.range[0]) : fallback;
    if (!isAlias(node)) this.#count(1, path, at);
    if (isAlias(node)) return this.#alias(node.source, path, depth, at);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, null);
    const built = this.#plain(node, path, depth, at);
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built;
  }

  #plain(node: Node | null, path: Path, depth: number, at: Position): Built {
    if (node?.tag !== undefined && !TAGS.has(node.tag))
      this.#refuse('yaml-tag', `the tag ${node.tag} is not allowed`, path, at);
    if (isMap(node) || isSeq(node)) this.#checkDepth(depth + 1, path, at);
    if (isMap(node)) return this.#map(node, path, depth, at);
    if (isSeq(node)) {
      const items = node.items.map((item, i) => this.build(item as Node | null, [...path, i], depth + 1, at));
      return collection({ kind: 'list', items: items.map((b) => b.node), at }, items);
    }
    if (isScalar(node)) return leaf(scalarNode(node, at));
    return leaf({ kind: 'scalar', value: null, source: '', at });
  }

  #map(map: YAMLMap, path: Path, depth: number, at: Position): Built {
    const own = new Map<string, YamlEntry>();
    const merged: YamlEntry[] = [];
    const parts: Built[] = [];
    for (const pair of map.items) {
      const key = this.#key(pair, path, at);
      if (!key) continue;
      const value = this.build(pair.value as Node | null, [...path, key.text], depth + 1, key.at);
      parts.push(value);
      if (key.merge) merged.push(...this.#mergeSources(value.node, path, key.at));
      else if (own.has(key.text))
        this.#refuse('duplicate-key', `the key ${key.text} is there twice`, [...path, key.text], key.at);
      else own.set(key.text, { key: key.text, keyAt: key.at, value: value.node });
    }
    // Own keys win over merged ones, earlier sources over later ones.
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    return collection({ kind: 'map', entries: [...own.values()], at }, parts);
  }

  #key(pair: Pair, path: Path, fallback: Position): { text: string; at: Position; merge: boolean } | null {
    const key = pair.key as Node | null;
    const at = key?.range ? this.#at(key.range[0]) : fallback;
    if (!isScalar(key)) {
      const hint = isMap(key) ? '; an unrendered {{ template }} must be rendered or quoted' : '';
      this.#refuse('yaml-key', `a key must be a text${hint}`, path, at);
      return null;
    }
    const text = sourceOf(key);
    if (text === '' || text === '__proto__') {
      this.#refuse(
        'yaml-key',
        text === '' ? 'the key is empty' : 'the key __proto__ is not allowed',
        path,
        at,
      );
      return null;
    }
    return { text, at, merge: text === '<<' && key.type === 'PLAIN' };
  }

  #mergeSources(node: YamlNode, path: Path, at: Position): YamlEntry[] {
    const sources = node.kind === 'list' ? node.items : [node];
    return sources.flatMap((source) => {
      if (source.kind === 'map') return source.entries;
      this.#refuse('yaml-merge', '<< takes a map, or a list of maps', path, at);
      return [];
    });
  }

  #alias(name: string, path: Path, depth: number, at: Position): Built {
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES) this.#stop(`more than ${MAX_ALIASES} uses of anchors`, path, at);
    const built = this.#anchors.get(name);
    if (!built) {
      const why = built === null ? 'refers to itself' : 'has no anchor before it';
      this.#refuse('yaml-alias', `*${name} ${why}`, path, at);
      return leaf({ kind: 'scalar', value: null, source: '', at });
    }
    this.#count(built.size, path, at);
    this.#checkDepth(depth + built.height, path, at);
    return built;
  }

  #count(nodes: number, path: Path, at: Position): void {
    this.#nodes += nodes;
    if (this.#nodes > MAX_NODES) this.#stop(`more than ${MAX_NODES} values, anchors expanded`, path, at);
  }

  #checkDepth(depth: number, path: Path, at: Position): void {
    if (depth > MAX_DEPTH) this.#stop(`nested more than ${MAX_DEPTH} deep`, path, at);
  }

  #stop(message: string, path: Path, at: Position): never {
    this.#refuse('yaml-limit', message, path, at);
    throw new LimitReached(message);
  }

  #refuse(code: string, message: string, path: Path, at: Position): void {
    this.findings.push({ code, level: 'error', path: pathText(path), message, at });
  }
}

function leaf(node: YamlNode): Built {
  return { node, size: 1, height: 0 };
}

function collection(node: YamlNode, parts: readonly Built[]): Built {
  let size = 1;
  let height = 0;
  for (const part of parts) {
    size += part.size;
    height = Math.max(height, part.height);
  }
  return { node, size, height: height + 1 };
}

function scalarNode(node: Scalar, at: Position): YamlNode {
  const { value } = node;
  const source = sourceOf(node);
  if (
    value === null ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    typeof value === 'string'
  ) {
    return { kind: 'scalar', value, source, at };
  }
  return { kind: 'scalar', value: source, source, at };
}

/** Block texts have no `source`: their value is the text. */
function sourceOf(node: Scalar): string {
  if (node.source !== undefined) return node.source;
  return typeof node.value === 'string' ? node.value : '';
}
