import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipArchive } from 'archiver';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crc64 } from '../../domain/checksum/crc64.ts';
import { CODE_ZIP_BYTES_MAX } from '../../domain/names/fc.ts';
import { CodeStore } from './code-store.ts';

interface ZipEntry {
  readonly name: string;
  readonly content?: string;
  readonly mode?: number;
  readonly link?: string;
}

/** A zip whose names may be rewritten in its bytes, because no writer makes hostile ones. */
async function makeZip(
  entries: readonly ZipEntry[],
  rename: Readonly<Record<string, string>> = {},
): Promise<Buffer> {
  const archive = new ZipArchive({ store: true });
  for (const { name, content = '', mode = 0o644, link } of entries) {
    if (link === undefined) archive.append(content, { name, mode });
    else archive.symlink(name, link);
  }
  const [bytes] = await Promise.all([buffer(archive), archive.finalize()]);
  let text = bytes.toString('latin1');
  for (const [from, to] of Object.entries(rename)) {
    expect(to).toHaveLength(from.length);
    text = text.replaceAll(from, to);
  }
  return Buffer.from(text, 'latin1');
}

/** A zip with one file, in whose list at the end something is changed. */
async function withDirectory(change: (zip: Buffer, at: number) => void): Promise<Buffer> {
  const zip = await makeZip([{ name: 'a', content: 'x' }]);
  change(zip, zip.lastIndexOf(Buffer.from('PK\u0001\u0002', 'latin1')));
  return zip;
}
/** @param mode kind and rights as Unix has them */
const ofMode = (mode: number): Promise<Buffer> =>
  withDirectory((zip, at) => zip.writeUInt32LE(mode * 0x1_0000, at + 38));

async function bomb(): Promise<Buffer> {
  const archive = new ZipArchive({ zlib: { level: 9 } });
  for (const name of ['a', 'b', 'c']) archive.append('x'.repeat(50_000), { name });
  const [zip] = await Promise.all([buffer(archive), archive.finalize()]);
  expect(zip.length).toBeLessThan(1_000);
  return zip;
}

let root: string;
let store: CodeStore;
const limits = { unpackedBytes: 100_000, entries: 50 };

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'code-store-'));
  store = await CodeStore.open(root, limits);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a good package', () => {
  test('is unpacked readable by everybody, keeps what is executable, and can be downloaded byte for byte', async () => {
    const zip = await makeZip([
      { name: 'index.js', content: 'exports.handler = 1', mode: 0o600 },
      { name: 'bin/run', content: '#!/bin/sh', mode: 0o700 },
    ]);
    const code = await store.put(zip);
    expect(code).toEqual({ sha256: code.sha256, sizeBytes: zip.length, checksum: crc64(zip) });
    const folder = store.folder(code.sha256);
    expect(readFileSync(join(folder, 'index.js'), 'utf8')).toBe('exports.handler = 1');
    const modes = ['.', 'index.js', 'bin', 'bin/run'].map(
      (path) => statSync(join(folder, path)).mode & 0o777,
    );
    expect(modes).toEqual([0o755, 0o644, 0o755, 0o755]);
    expect(readFileSync(store.zipPath(code.sha256)).equals(zip)).toBe(true);
  });

  test('may hold links that stay inside', async () => {
    const code = await store.put(
      await makeZip([
        { name: 'lib/tool.js', content: 'x' },
        { name: 'node_modules/.bin/tool', link: '../../lib/tool.js' },
      ]),
    );
    const link = join(store.folder(code.sha256), 'node_modules/.bin/tool');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(link, 'utf8')).toBe('x');
  });

  test('is stored once, also when it comes five times at once', async () => {
    const zip = await makeZip([{ name: 'a', content: 'x' }]);
    const all = await Promise.all(Array.from({ length: 5 }, () => store.put(zip)));
    expect(new Set(all.map((code) => code.sha256)).size).toBe(1);
    expect(readdirSync(root)).toHaveLength(2);
  });

  test('is unpacked again where the folder is lost — the zip is what counts', async () => {
    const { sha256 } = await store.put(await makeZip([{ name: 'a', content: 'x' }]));
    rmSync(store.folder(sha256), { recursive: true });
    await store.restore(sha256);
    expect(readFileSync(join(store.folder(sha256), 'a'), 'utf8')).toBe('x');
  });
});

describe('a hostile package is refused and leaves nothing on disk', () => {
  const cases: Record<string, { zip: () => Promise<Buffer>; says: RegExp }> = {
    'no zip at all': { zip: () => Promise.resolve(Buffer.from('hello')), says: /not a usable zip/ },
    'path traversal': {
      zip: () => makeZip([{ name: 'aa/bb' }], { 'aa/bb': '../bb' }),
      says: /relative path|leaves/,
    },
    'traversal with backslashes': {
      zip: () => makeZip([{ name: 'aa/bb' }], { 'aa/bb': '..\\bb' }),
      says: /relative path|leaves/,
    },
    'absolute name': { zip: () => makeZip([{ name: 'aetc/x' }], { 'aetc/x': '/etc/x' }), says: /absolute/ },
    'a name on a drive': { zip: () => makeZip([{ name: 'Cz/x' }], { 'Cz/x': 'C:/x' }), says: /absolute/ },
    'name twice': {
      zip: () => makeZip([{ name: 'one.js' }, { name: 'two.js' }], { 'two.js': 'one.js' }),
      says: /twice/,
    },
    'name twice by spelling': {
      zip: () => makeZip([{ name: 'a/b.js' }, { name: 'x/a/b.js' }], { 'x/a/b.js': './a/b.js' }),
      says: /twice/,
    },
    'file below a file': {
      zip: () => makeZip([{ name: 'aa' }, { name: 'xx/b' }], { 'xx/b': 'aa/b' }),
      says: /lies below 'aa', which is a file/,
    },
    'file below a link': {
      zip: () => makeZip([{ name: 'ln', link: 'sub' }, { name: 'xx/b' }], { 'xx/b': 'ln/b' }),
      says: /lies below 'ln', which is a link/,
    },
    'link to an absolute path': {
      zip: () => makeZip([{ name: 'l', link: '/etc/passwd' }]),
      says: /absolute path/,
    },
    'link out of the tree': {
      zip: () => makeZip([{ name: 'a/l', link: '../../x' }]),
      says: /out of the package/,
    },
    'links that lead out together': {
      zip: () =>
        makeZip([
          { name: 'd/l', link: '../other' },
          { name: 'm', link: 'd/l/../../x' },
        ]),
      says: /out of the package/,
    },
    'link to itself': {
      zip: () =>
        makeZip([
          { name: 'a', link: 'b' },
          { name: 'b', link: 'a' },
        ]),
      says: /to itself/,
    },
    'more bytes than allowed': {
      zip: () => makeZip([{ name: 'a', content: 'x'.repeat(limits.unpackedBytes + 1) }]),
      says: /larger than 100000 bytes/,
    },
    'more entries than allowed': {
      zip: () => makeZip(Array.from({ length: limits.entries + 1 }, (_, index) => ({ name: `f${index}` }))),
      says: /more than 50 entries/,
    },
    'a name that no file system takes': {
      zip: () => makeZip([{ name: 'n'.repeat(256) }]),
      says: /255 bytes/,
    },
    'a path that no file system takes': {
      zip: () => makeZip([{ name: `${'n'.repeat(200)}/`.repeat(16) + 'n' }]),
      says: /3072 bytes/,
    },
    'a name with a zero byte': {
      zip: () => makeZip([{ name: 'aaXbb' }], { aaXbb: 'aa\0bb' }),
      says: /zero byte/,
    },
    'a link with a target that is too long': {
      zip: () => makeZip([{ name: 'l', link: 'x'.repeat(4_097) }]),
      says: /too long/,
    },
    'a device': { zip: () => ofMode(0o060_644), says: /neither file, folder nor link/ },
    'a pipe': { zip: () => ofMode(0o010_644), says: /neither file, folder nor link/ },
    'a socket': { zip: () => ofMode(0o140_644), says: /neither file, folder nor link/ },
    'an encrypted entry': {
      zip: () =>
        withDirectory((zip, at) => {
          zip.writeUInt16LE(zip.readUInt16LE(at + 8) | 1, at + 8);
          // An encrypted one is longer by its head.
          zip.writeUInt32LE(zip.readUInt32LE(at + 20) + 12, at + 20);
        }),
      says: /'a' is encrypted/,
    },
    'a way of packing that is unknown': {
      zip: () => withDirectory((zip, at) => zip.writeUInt16LE(99, at + 10)),
      says: /not a usable zip/,
    },
    'an end that is missing': {
      zip: async () => (await makeZip([{ name: 'a', content: 'x' }])).subarray(0, -30),
      says: /not a usable zip/,
    },
    'a bomb whose bytes are packed a thousand times': { zip: bomb, says: /larger than 100000 bytes/ },
    'more bytes as a zip than allowed': {
      zip: () => Promise.resolve(Buffer.alloc(CODE_ZIP_BYTES_MAX + 1)),
      says: /has 52428801 bytes; at most 52428800 are allowed/,
    },
  };

  test.each(Object.entries(cases))('%s', async (_, { zip, says }) => {
    await expect(store.put(await zip())).rejects.toMatchObject({ code: 'InvalidArgument', status: 400 });
    await expect(store.put(await zip())).rejects.toThrow(says);
    expect(readdirSync(root)).toEqual([]);
  });

  test('a size that lies is found while unpacking', async () => {
    const archive = new ZipArchive({ zlib: { level: 9 } });
    archive.append('x'.repeat(90_000), { name: 'bomb' });
    const [zip] = await Promise.all([buffer(archive), archive.finalize()]);
    // The directory at the end says 10 bytes instead of 90,000.
    const directory = zip.lastIndexOf(Buffer.from('PK\u0001\u0002', 'latin1'));
    zip.writeUInt32LE(10, directory + 24);
    await expect(store.put(zip)).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('housekeeping', () => {
  test('a sweep takes what nothing refers to, but not what was just stored', async () => {
    const old = await store.put(await makeZip([{ name: 'old' }]));
    const used = await store.put(await makeZip([{ name: 'used' }]));
    const fresh = await store.put(await makeZip([{ name: 'fresh' }]));
    for (const { sha256 } of [old, used])
      for (const path of [store.zipPath(sha256), store.folder(sha256)]) utimesSync(path, 1, 1);
    await store.sweep((sha256) => sha256 === used.sha256, 60_000);
    const left = [old, used, fresh].map(
      ({ sha256 }) => existsSync(store.zipPath(sha256)) && existsSync(store.folder(sha256)),
    );
    expect(left).toEqual([false, true, true]);
  });
});
