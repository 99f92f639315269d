/**
 * Reads what a zip says it holds and refuses what could do harm, before a byte is written: names that leave the tree,
 * links that do, names that come twice, and packages that swell. Packages come from outside; this is the gate.
 */
import type { Entry, ZipFile } from 'yauzl';
import { buffer } from 'node:stream/consumers';
import { invalidArgument } from '../http/api-error.ts';

export interface ZipLimits {
  readonly unpackedBytes: number;
  readonly entries: number;
}

export const ZIP_LIMITS: ZipLimits = { unpackedBytes: 500 * 1024 * 1024, entries: 10_000 };

export interface ZipListing {
  /** Relative folders, parents before children. */
  readonly folders: readonly string[];
  readonly files: readonly { readonly path: string; readonly executable: boolean; readonly entry: Entry }[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

type Kind = 'folder' | 'file' | 'link';

const FILE_TYPE = 0o170_000;
const LONGEST_LINK_BYTES = 4_096;
const LONGEST_NAME_BYTES = 255;
const LONGEST_PATH_BYTES = 3_072;
/** As many as Linux follows. */
const MOST_HOPS = 40;

/** Throws `InvalidArgument` naming the entry that does not belong in a package. */
export async function listZip(zip: ZipFile, limits: ZipLimits): Promise<ZipListing> {
  const kinds = new Map<string, Kind>();
  const files: { path: string; executable: boolean; entry: Entry }[] = [];
  const links = new Map<string, string>();
  let unpackedBytes = 0;
  let count = 0;
  for await (const entry of zip.eachEntry()) {
    count += 1;
    if (count > limits.entries) throw refused(`it has more than ${limits.entries} entries`);
    unpackedBytes += entry.uncompressedSize;
    if (unpackedBytes > limits.unpackedBytes)
      throw refused(`it is larger than ${limits.unpackedBytes} bytes when unpacked`);
    if (entry.isEncrypted()) throw refused(`'${entry.fileName}' is encrypted`);
    const path = relativePath(entry.fileName);
    if (path === '') continue;
    const kind = kindOf(entry);
    const before = kinds.get(path);
    // Folders may be listed again; everything else may not: the second would win silently.
    if (before !== undefined && !(before === 'folder' && kind === 'folder'))
      throw refused(`'${path}' is in it twice`);
    kinds.set(path, kind);
    if (kind === 'link') links.set(path, await linkTarget(zip, entry, path));
    else if (kind === 'file') {
      const executable = ((entry.externalFileAttributes >>> 16) & 0o111) !== 0;
      files.push({ path, executable, entry });
    }
  }
  addParents(kinds);
  for (const [path] of links) followLink(links, path);
  const folders = [...kinds].filter(([, kind]) => kind === 'folder').map(([path]) => path);
  return {
    folders: folders.sort(),
    files,
    links: [...links].map(([path, target]) => ({ path, target })),
  };
}

function refused(what: string): Error {
  return invalidArgument(`the code package cannot be used: ${what}`);
}

/** The name without `.` parts; `''` for the root itself. */
function relativePath(name: string): string {
  if (name.includes('\0')) throw refused('a name has a zero byte');
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw refused(`'${name}' is an absolute name`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(`'${name}' leaves the package`);
  if (parts.some((part) => Buffer.byteLength(part) > LONGEST_NAME_BYTES))
    throw refused(`'${name}' has a part of more than ${LONGEST_NAME_BYTES} bytes`);
  const path = parts.join('/');
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES)
    throw refused(`'${name}' has more than ${LONGEST_PATH_BYTES} bytes`);
  return path;
}

function kindOf(entry: Entry): Kind {
  // The upper half of the attributes is a Unix mode where a Unix tool wrote them; other tools leave it 0.
  switch ((entry.externalFileAttributes >>> 16) & FILE_TYPE) {
    case 0o120_000:
      return 'link';
    case 0o040_000:
      return 'folder';
    case 0o100_000:
    case 0:
      return entry.fileName.endsWith('/') ? 'folder' : 'file';
    default:
      throw refused(`'${entry.fileName}' is neither file, folder nor link`);
  }
}

async function linkTarget(zip: ZipFile, entry: Entry, path: string): Promise<string> {
  if (entry.uncompressedSize > LONGEST_LINK_BYTES) throw refused(`the link '${path}' is too long`);
  const target = (await buffer(await zip.openReadStreamPromise(entry))).toString('utf8');
  if (target === '' || target.includes('\0')) throw refused(`the link '${path}' has no usable target`);
  return target;
}

/** Every folder on the way to an entry is one, listed or not; a file or link there would be written through. */
function addParents(kinds: Map<string, Kind>): void {
  for (const path of Array.from(kinds.keys())) {
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      const parent = path.slice(0, cut);
      const kind = kinds.get(parent);
      if (kind !== undefined && kind !== 'folder')
        throw refused(`'${path}' lies below '${parent}', which is a ${kind}`);
      kinds.set(parent, 'folder');
    }
  }
}

/** Walks a link as the kernel would, other links included: the plain text of a target says too little. */
function followLink(links: ReadonlyMap<string, string>, start: string): void {
  let hops = 0;
  const rest = start.split('/');
  const at: string[] = [];
  while (rest.length > 0) {
    const part = rest.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) throw refused(`the link '${start}' leads out of the package`);
      continue;
    }
    at.push(part);
    const target = links.get(at.join('/'));
    if (target === undefined) continue;
    hops += 1;
    if (hops > MOST_HOPS) throw refused(`the link '${start}' leads to itself`);
    if (target.startsWith('/')) throw refused(`the link '${start}' leads to an absolute path`);
    at.pop();
    rest.unshift(...target.split('/'));
  }
}
