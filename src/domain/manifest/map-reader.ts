/** Reads one map of a manifest, key by key; what nobody asked for is told at the end, so nothing is dropped silently. */
import { didYouMean } from '../names/nearest.ts';
import { describe, member, type YamlNode } from '../yaml/node.ts';
import type { Findings, Path } from './findings.ts';

interface TextRule {
  /** What is allowed, in words. */
  readonly rule: string;
  readonly allows: (text: string) => boolean;
}

export class MapReader {
  readonly node: YamlNode;
  readonly path: Path;
  readonly #findings: Findings;
  readonly #known = new Set<string>();

  constructor(node: YamlNode, path: Path, findings: Findings) {
    this.node = node;
    this.path = path;
    this.#findings = findings;
    if (node.kind !== 'map') this.#wrong(path, node, 'a map');
  }

  /** The value under `key`; a value of nothing (`key:`) counts as left out. */
  get(key: string): YamlNode | undefined {
    this.#known.add(key);
    const value = member(this.node, key);
    return value?.kind === 'scalar' && value.value === null ? undefined : value;
  }

  /** A text that must be there; `null` after an error was reported. */
  text(key: string, { rule, allows }: TextRule): string | null {
    const value = this.get(key);
    if (value) return this.#textOf(key, value, { rule, allows });
    this.#findings.error(
      'missing',
      [...this.path, key],
      member(this.node, key) ?? this.node,
      `is missing; allowed: ${rule}`,
    );
    return null;
  }

  /** A text that may be left out; an error is reported and the default taken. */
  textOr(key: string, fallback: string, rule: TextRule): string {
    const value = this.get(key);
    return value ? (this.#textOf(key, value, rule) ?? fallback) : fallback;
  }

  /** A whole number; texts of plain decimals count too, as the public tools send them on. */
  whole(
    key: string,
    range: { readonly min: number; readonly max: number; readonly default: number },
    unit = 1,
  ): number {
    const value = this.get(key);
    if (!value) return range.default;
    const number = value.kind === 'scalar' && /^\d{1,9}$/.test(value.source) ? Number(value.source) : NaN;
    if (number >= range.min && number <= range.max && number % unit === 0) return number;
    const multiple = unit === 1 ? '' : `, a multiple of ${unit}`;
    this.#wrong([...this.path, key], value, `a whole number from ${range.min} to ${range.max}${multiple}`);
    return range.default;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.get(key);
    if (!value) return fallback;
    if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value;
    this.#wrong([...this.path, key], value, 'true or false');
    return fallback;
  }

  /** Another map; `null` when it is left out. */
  map(key: string): MapReader | null {
    const value = this.get(key);
    return value ? new MapReader(value, [...this.path, key], this.#findings) : null;
  }

  /** A list of texts; empty where it is left out. */
  texts(key: string): string[] {
    const value = this.get(key);
    if (!value) return [];
    const texts = value.kind === 'list' ? value.items.map(textOf) : [null];
    if (texts.every((text) => text !== null)) return texts;
    this.#wrong([...this.path, key], value, 'a list of texts, for example [node, server.js]');
    return [];
  }

  /**
   * Keys that mean something to Function Compute which Sluice cannot do: refused by name, unless they ask for nothing
   * (empty) or for what is so anyway (`harmless`).
   */
  refuse(keys: readonly string[], harmless: Readonly<Record<string, string>> = {}): void {
    for (const key of keys) {
      const value = this.get(key);
      if (!value || isEmpty(value)) continue;
      if (value.kind === 'scalar' && Object.hasOwn(harmless, key) && harmless[key] === value.source) continue;
      this.#findings.error(
        'unsupported',
        [...this.path, key],
        value,
        `${key} is not supported yet; leave it out`,
      );
    }
  }

  /** Keys that are known and change nothing here. */
  ignore(keys: readonly string[], why: string): void {
    for (const key of keys) {
      const value = this.get(key);
      if (value) this.#findings.warn('ignored', [...this.path, key], value, `${key} is ignored: ${why}`);
    }
  }

  /** Everything that nobody asked for. */
  rest(): void {
    if (this.node.kind !== 'map') return;
    for (const { key, keyAt } of this.node.entries) {
      if (this.#known.has(key)) continue;
      const hint = didYouMean(key, [...this.#known]);
      this.#findings.warn(
        'unknown-key',
        [...this.path, key],
        keyAt,
        `the key ${key} is unknown and ignored${hint}`,
      );
    }
  }

  #textOf(key: string, value: YamlNode, { rule, allows }: TextRule): string | null {
    if (value.kind === 'scalar' && allows(value.source)) return value.source;
    this.#wrong([...this.path, key], value, rule);
    return null;
  }

  #wrong(path: Path, value: YamlNode, rule: string): void {
    this.#findings.error('value', path, value, `found ${describe(value)}; allowed: ${rule}`);
  }
}

function textOf(node: YamlNode): string | null {
  return node.kind === 'scalar' && node.value !== null && !node.source.includes('\0') ? node.source : null;
}

function isEmpty(node: YamlNode): boolean {
  switch (node.kind) {
    case 'map':
      return node.entries.length === 0;
    case 'list':
      return node.items.length === 0;
    case 'scalar':
      return node.value === null || node.source === '';
  }
}
