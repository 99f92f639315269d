import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeLayout, type LayerEntry } from '../../../test/support/registry.ts';
import { ImageError } from './image-error.ts';
import { readLayout } from './layout.ts';
import { ImageUnpacker, type ImageLimits } from './unpack-layer.ts';

let home = '';
let root = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-image-'));
  root = join(home, 'outer/root');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(home, 'outer/secret'), 'host');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const LIMITS: ImageLimits = {
  unpackedBytes: 1_000_000,
  entries: 100,
  unpackMs: 60_000,
  pulledBytes: 1_000_000,
};

async function unpack(
  layers: LayerEntry[][],
  limits: Partial<ImageLimits> = {},
  now?: () => number,
): Promise<void> {
  await writeLayout(join(home, 'layout'), { layers });
  const unpacker = new ImageUnpacker(root, { ...LIMITS, ...limits }, now);
  for (const layer of (await readLayout(join(home, 'layout'))).layers) await unpacker.add(layer);
}
const file = (name: string, content = name, more: Partial<LayerEntry> = {}): LayerEntry => ({
  name,
  content,
  ...more,
});
const linkTo = (name: string, linkname: string): LayerEntry => ({ name, type: 'symlink', linkname });
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('layers', () => {
  test('lie over each other: files replace files, links and folders, and the other way round', async () => {
    await unpack([
      [file('a'), { name: 'folder', type: 'directory' }, file('folder/x'), linkTo('link', 'a')],
      [file('a', 'second'), file('folder', 'now a file'), file('link', 'no link'), file('./deep/er/y')],
    ]);
    expect([read('a'), read('folder'), read('link'), read('deep/er/y')]).toEqual([
      'second',
      'now a file',
      'no link',
      './deep/er/y',
    ]);
  });

  test('take away what they mark, one name or a whole folder', async () => {
    await unpack([
      [file('gone'), file('kept'), file('dir/old'), file('dir/sub/old')],
      [file('.wh.gone', ''), file('dir/.wh..wh..opq', ''), file('dir/new'), file('.wh..wh.plnk', '')],
    ]);
    expect(readdirSync(root).sort()).toEqual(['dir', 'kept']);
    expect(readdirSync(join(root, 'dir'))).toEqual(['new']);
  });

  test('write through links of folders as inside the image: /lib may be a link to usr/lib', async () => {
    await unpack([
      [{ name: 'usr/lib', type: 'directory' }, linkTo('lib', 'usr/lib'), linkTo('abs', '/usr')],
      [file('lib/one'), file('abs/lib/two')],
    ]);
    expect(readdirSync(join(root, 'usr/lib')).sort()).toEqual(['one', 'two']);
  });

  test('give modes without set-user-id bits, readable by all', async () => {
    await unpack([
      [
        file('su', 'x', { mode: 0o4711 }),
        file('secret', 'x', { mode: 0o600 }),
        { name: 'd', type: 'directory', mode: 0o1700 },
      ],
    ]);
    const mode = (path: string) => (lstatSync(join(root, path)).mode & 0o7777).toString(8);
    expect([mode('su'), mode('secret'), mode('d')]).toEqual(['755', '644', '755']);
  });

  test('may have hard links to their own files; devices are left out', async () => {
    await unpack([
      [
        file('a', 'same'),
        { name: 'b', type: 'link', linkname: '/a' },
        { name: 'dev/sda', type: 'block-device', devmajor: 8, devminor: 0 },
        { name: 'pipe', type: 'fifo' },
      ],
    ]);
    expect(read('b')).toBe('same');
    expect(readdirSync(root).sort()).toEqual(['a', 'b', 'dev']);
    expect(readdirSync(join(root, 'dev'))).toEqual([]);
  });
});

describe('nothing leaves the image', () => {
  const outside = () => readdirSync(join(home, 'outer')).sort();

  test('by a link to a folder above it: that is the image’s own root', async () => {
    for (const target of ['../..', '/', '../../../../..', '/../..'])
      await unpack([[linkTo('up', target), file('up/secret', 'forged'), file('up/escaped')]]);
    expect(outside()).toEqual(['root', 'secret']);
    expect(readFileSync(join(home, 'outer/secret'), 'utf8')).toBe('host');
    expect(read('secret')).toBe('forged');
  });

  test('by a file written where a link is: the link itself is replaced', async () => {
    await unpack([[linkTo('s', join(home, 'outer/secret'))], [file('s', 'forged')]]);
    expect(readFileSync(join(home, 'outer/secret'), 'utf8')).toBe('host');
    expect(read('s')).toBe('forged');
  });

  test('by a whiteout behind a link', async () => {
    await unpack([[linkTo('up', '..')], [file('up/.wh.secret', ''), file('up/.wh..wh..opq', '')]]);
    expect(outside()).toEqual(['root', 'secret']);
  });

  test('a link that is only read inside stays as it is', async () => {
    await unpack([[linkTo('l', '/etc/shadow')]]);
    expect(readlinkSync(join(root, 'l'))).toBe('/etc/shadow');
  });

  const REFUSED: [string, LayerEntry[], RegExp][] = [
    ['a name with ..', [file('a/../../escaped')], /leaves the image/],
    ['a whiteout of its folder', [file('a/.wh...', '')], /hides nothing/],
    [
      'a hard link to a file outside',
      [{ name: 'h', type: 'link', linkname: '../secret' }],
      /leaves the image/,
    ],
    [
      'a hard link to what is not there',
      [{ name: 'h', type: 'link', linkname: 'secret' }],
      /no file of the image/,
    ],
    [
      'a hard link to a link',
      [linkTo('l', '/secret'), { name: 'h', type: 'link', linkname: 'l' }],
      /no file of the image/,
    ],
    ['a loop of links', [linkTo('a', 'b'), linkTo('b', 'a'), file('a/x')], /leads to itself/],
    ['a file below a file', [file('a'), file('a/b')], /below what is no folder/],
    ['a name of thousands of folders', [file(`${'a/'.repeat(3_000)}x`)], /too long/],
    ['a name of long folders', [file(`${`${'a'.repeat(200)}/`.repeat(30)}x`)], /too long/],
    ['a link to a name that cannot be', [linkTo('l', 'a/'.repeat(3_000))], /too long/],
    ['more bytes than allowed', [file('big', 'x'.repeat(1_000_001))], /larger than 1000000 bytes/],
    [
      'more entries than allowed',
      Array.from({ length: 101 }, (_, index) => file(`f${index}`)),
      /more than 100 entries/,
    ],
  ];
  for (const [title, entries, message] of REFUSED)
    test(`${title} is refused`, async () => {
      const unpacked = unpack([entries]);
      await expect(unpacked).rejects.toThrow(message);
      await expect(unpacked).rejects.toBeInstanceOf(ImageError);
      expect(outside()).toEqual(['root', 'secret']);
    });

  test('layers that are too large together are refused, each small enough for itself', async () => {
    const half = (name: string): LayerEntry[] => [file(name, 'x'.repeat(600_000))];
    await expect(unpack([half('a'), half('b')])).rejects.toThrow(/larger than 1000000 bytes/);
    const many = Array.from({ length: 60 }, (_, index) => file(`f${index}`));
    await expect(unpack([many, many])).rejects.toThrow(/more than 100 entries/);
  });

  test('layers that take too long together are refused — entries that cost a look each, or bytes', async () => {
    let nowMs = 0;
    const slow = (): number => (nowMs += 10);
    const entries = Array.from({ length: 30 }, (_, index) => file(`f${index}`, ''));
    await expect(unpack([entries, entries], { unpackMs: 500 }, slow)).rejects.toThrow(
      'unpacking it takes longer than 0.5 s',
    );
    await expect(unpack([[file('big', 'x'.repeat(900_000))]], { unpackMs: 50 }, slow)).rejects.toThrow(
      /takes longer than 0.05 s/,
    );
  });

  test('a layer that is no archive is refused as one', async () => {
    writeFileSync(join(home, 'broken'), 'no gzip');
    const unpacker = new ImageUnpacker(root, LIMITS);
    await expect(unpacker.add({ path: join(home, 'broken'), isGzip: true })).rejects.toBeInstanceOf(
      ImageError,
    );
    await expect(unpacker.add({ path: join(home, 'broken'), isGzip: false })).rejects.toBeInstanceOf(
      ImageError,
    );
  });
});
