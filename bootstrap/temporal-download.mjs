/**
 * The official release of the Temporal command line, checked by SHA-256. Every wait has a limit of seconds, because an
 * unreachable download must lead to the next way and not to a hang.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, run } from './command.mjs';

const RELEASES = 'https://github.com/temporalio/cli/releases/download';
const ANSWER_MS = 5_000;
const STALL_MS = 10_000;
const WHOLE_MS = 5 * 60_000;

/** Known sums of v1.5.1's archives; for other platforms the release's own `checksums.txt` is read. */
const PINNED = {
  'temporal_cli_1.5.1_linux_amd64.tar.gz': 'ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d',
  'temporal_cli_1.5.1_darwin_amd64.tar.gz':
    'bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9',
  'temporal_cli_1.5.1_darwin_arm64.tar.gz':
    'cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415',
};
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

/** @returns {Promise<{ok: boolean, said: string}>} */
export async function downloadTemporal({ version, draft, binary, report }) {
  const architecture = ARCHITECTURES[process.arch];
  if (!architecture) return { ok: false, said: `download: no release for ${process.arch}` };
  const name = `temporal_cli_${version.slice(1)}_${process.platform}_${architecture}.tar.gz`;
  const url = `${RELEASES}/${version}/${name}`;
  try {
    report(`downloading ${url}`);
    const archive = await fetchBytes(url, (have, whole) =>
      report(`downloading ${name}: ${megabytes(have)}${whole ? ` of ${megabytes(whole)}` : ''} MB`),
    );
    const expected = PINNED[name] ?? (await publishedSum(version, name));
    const actual = createHash('sha256').update(archive).digest('hex');
    if (actual !== expected)
      return { ok: false, said: `download: ${url} has SHA-256 ${actual}, expected ${expected}; not used` };
    mkdirSync(draft, { recursive: true });
    writeFileSync(join(draft, name), archive);
    const { code, output } = await run('tar', ['-xzf', name, 'temporal'], { cwd: draft, timeoutMs: 60_000 });
    if (code !== 0)
      return { ok: false, said: `download: tar cannot unpack ${name}: ${lastLines(output, 1)}` };
    chmodSync(join(draft, 'temporal'), 0o755);
    renameSync(join(draft, 'temporal'), binary);
    return { ok: true, said: `downloaded (${megabytes(archive.length)} MB, checksum right)` };
  } catch (error) {
    return { ok: false, said: `download: ${url}: ${error.cause?.message ?? error.message}` };
  }
}

async function publishedSum(version, name) {
  const text = (await fetchBytes(`${RELEASES}/${version}/checksums.txt`, () => {})).toString('utf8');
  const sum = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, file]) => file === name)?.[0];
  if (!sum) throw new Error(`checksums.txt of ${version} has no line for ${name}`);
  return sum;
}

async function fetchBytes(url, onProgress) {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  const whole = setTimeout(() => stop.abort(new Error(`not complete within ${WHOLE_MS / 1000} s`)), WHOLE_MS);
  try {
    const answer = await fetch(url, { signal: stop.signal });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const size = Number(answer.headers.get('content-length')) || 0;
    const chunks = [];
    let have = 0;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(new Error(`no byte for ${STALL_MS / 1000} s`)), STALL_MS);
    };
    watch();
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      have += chunk.length;
      onProgress(have, size);
      watch();
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
    clearTimeout(whole);
  }
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(0);
}
