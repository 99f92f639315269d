import { describe, expect, test } from 'vitest';
import { findingText } from '../finding.ts';
import { loadYaml } from './load.ts';
import { member, nodeAt, type YamlNode } from './node.ts';

/** Values as plain JSON; text of scalars as it was written. */
function plain(node: YamlNode): unknown {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries(node.entries.map((e) => [e.key, plain(e.value)]));
    case 'list':
      return node.items.map(plain);
    case 'scalar':
      return node.value;
  }
}

function root(text: string): YamlNode {
  const loaded = loadYaml(text, 'x.yml');
  if (!('root' in loaded)) throw new Error(loaded.findings.map(findingText).join('\n'));
  return loaded.root;
}

function refused(text: string): string[] {
  const loaded = loadYaml(text, 'x.yml');
  return 'findings' in loaded ? loaded.findings.map(findingText) : [];
}

/** Processor time, so that a busy machine fails no test. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe('what is read', () => {
  test('every node knows where it was written', () => {
    const tree = root('a:\n  - b: 1\n  - [2, "three"]\n');
    expect(nodeAt(tree, ['a', 1, 1]).at).toEqual({ file: 'x.yml', line: 3, column: 9 });
    expect(nodeAt(tree, ['a', 0, 'missing']).at).toEqual({ file: 'x.yml', line: 2, column: 5 });
  });

  test('the source text is kept — 1.0 and 0123 are names to somebody', () => {
    const tree = root(
      'a: 1.0\nb: 0123\nc: 1:30\nd: 1_000\ne: yes\nf: 2015-09-01\ng: 12345678901234567890\nh: |\n  x\n  y\n',
    );
    const sources = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => {
      const node = member(tree, key);
      return node?.kind === 'scalar' ? node.source : null;
    });
    expect(sources).toEqual([
      '1.0',
      '0123',
      '1:30',
      '1_000',
      'yes',
      '2015-09-01',
      '12345678901234567890',
      'x\ny\n',
    ]);
    expect(plain(tree)).toMatchObject({ c: '1:30', d: '1_000', e: 'yes', f: '2015-09-01' });
  });

  test('merge keys: own keys win, earlier sources win over later ones', () => {
    const text = 'x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 3\nw: {"<<": 5}\n';
    expect(plain(root(text))).toMatchObject({ z: { a: 3, b: 1, c: 2 }, w: { '<<': 5 } });
  });

  test('an empty file is an empty value; a byte order mark is no text', () => {
    expect(plain(root(''))).toBeNull();
    expect(plain(root('# nothing\n'))).toBeNull();
    expect(plain(root('\ufeffa: 1'))).toEqual({ a: 1 });
  });

  test('an anchor used a hundred times is fine', () => {
    const uses = Array.from({ length: 100 }, () => '- *x').join('\n');
    expect(plain(root(`a: &x [1]\nb:\n${uses.replaceAll('- ', '  - ')}\n`))).toMatchObject({ a: [1] });
  });
});

describe('what is refused, with place and mend', () => {
  test.each([
    ['a: 1\na: 2', 'x.yml:2:1: a: the key a is there twice'],
    ['1: x\n"1": y', 'x.yml:2:1: 1: the key 1 is there twice'],
    ['a:\n\tb: 1', 'indent with spaces'],
    [
      'a: @every 5m',
      'x.yml:1:4: Plain value cannot start with reserved character @; put the value in quotes',
    ],
    ['a: * * *', 'put the value in quotes'],
    [
      'a: {{ region }}',
      'x.yml:1:5: a: a key must be a text; an unrendered {{ template }} must be rendered or quoted',
    ],
    ['a: !Ref x', 'Unresolved tag: !Ref; tags are not allowed here'],
    ['a: !!js/function x', 'tags are not allowed here'],
    ['a: !!binary aGVsbG8=', 'is not allowed'],
    ['a: !!timestamp 2001-01-01', 'is not allowed'],
    ['a: !!set {x}', 'is not allowed'],
    ['__proto__: {x: 1}', 'the key __proto__ is not allowed'],
    [': b', 'x.yml:1:1: the key is empty'],
    ['a: 1\n---\nb: 2', 'x.yml:2:1: a second document begins here; one document is allowed'],
    ['a: *b', '*b'],
    ['a: &a [*a]', '*a refers to itself'],
    ['<<: 3', '<< takes a map, or a list of maps'],
    ['a: "x', 'Missing closing "quote'],
    ['a: \0', 'NUL'],
    [`a: ${'x'.repeat(1024 * 1024)}`, 'larger than 1 MiB'],
    [`a: ${'é'.repeat(600 * 1024)}`, 'larger than 1 MiB'],
    ['['.repeat(65) + ']'.repeat(65), 'nested more than 64 deep'],
    ['- '.repeat(500_000), 'nested more than 64 deep'],
    ['['.repeat(1_000_000), 'nested more than 64 deep'],
    [`a: [${'1,'.repeat(50_000)}]`, 'more than 50000 values'],
    [`a: &x [1]\nb: [${'*x,'.repeat(101)}]`, 'more than 100 uses of anchors'],
  ])('%.40s', (text, message) => {
    expect(refused(text).join('\n')).toContain(message);
  });

  test('sixty-four levels are allowed', () => {
    expect(refused('['.repeat(64) + ']'.repeat(64))).toEqual([]);
  });

  test('a bomb of nested aliases is stopped by the number of values it stands for', () => {
    const levels = ['a: &l0 [1,1,1,1,1,1,1,1,1,1]'];
    for (let i = 1; i < 9; i++) levels.push(`l${i}: &l${i} [${`*l${i - 1},`.repeat(10)}]`);
    const stopped = () => expect(refused(levels.join('\n')).join()).toContain('more than 50000 values');
    expect(cpuMs(stopped)).toBeLessThan(1_000);
  });

  test('depth counts through aliases', () => {
    const deep = (n: number, inner: string) => '['.repeat(n) + inner + ']'.repeat(n);
    expect(refused(`a: &x ${deep(40, '1')}\nb: ${deep(40, '*x')}`).join()).toContain(
      'nested more than 64 deep',
    );
  });

  test('many keys are read in linear time — comparing each with all before it would take minutes', () => {
    const keys = Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(cpuMs(() => expect(refused(keys)).toEqual([]))).toBeLessThan(5_000);
  });

  test('all errors are reported at once', () => {
    expect(refused('a: @x\nb: `y\nc: 1\n')).toHaveLength(2);
    expect(refused('a: 1\na: 2\nb: {c: 1, c: 2}')).toHaveLength(2);
  });
});
