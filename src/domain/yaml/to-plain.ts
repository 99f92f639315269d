/**
 * A tree as plain values for a Zod schema. What YAML guesses about types stops here: text fields take the text as it
 * was written (`1.0` stays `1.0`), number fields take plain decimals only (`0x1F` and `0123` stay text, and are refused).
 */
import type { YamlNode } from './node.ts';

const PLAIN_DECIMAL = /^[-+]?(0|[1-9]\d*)(\.\d+)?$/;

/**
 * @param textKeys keys whose scalars, also those of a list under them, are text
 */
export function toPlain(node: YamlNode, textKeys: ReadonlySet<string>, isText = false): unknown {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries(
        node.entries.map(({ key, value }) => [key, toPlain(value, textKeys, textKeys.has(key))]),
      );
    case 'list':
      return node.items.map((item) => toPlain(item, textKeys, isText));
    case 'scalar':
      if (node.value === null || typeof node.value === 'string') return node.value;
      if (isText) return node.source;
      return typeof node.value === 'number' && !PLAIN_DECIMAL.test(node.source) ? node.source : node.value;
  }
}
