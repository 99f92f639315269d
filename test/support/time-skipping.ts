/**
 * The Temporal test server that skips time: a Java program from Maven Central, kept in the cache. Where Java or Maven
 * is missing there is none, and the tests that need it say that they were left out.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const VERSION = '1.38.0';
const FETCH_MS = 120_000;
const run = promisify(execFile);

/** Path of an executable that starts the server, or why there is none. */
export async function findTestServer(): Promise<{ readonly path: string } | { readonly missing: string }> {
  const cache = process.env['SLUICE_CACHE'] ?? join(homedir(), '.cache', 'sluice');
  const folder = join(cache, 'temporal-test-server', VERSION);
  const path = join(folder, 'start');
  try {
    await run('java', ['-version']);
    if (!existsSync(path)) await fetch(folder, path);
    return { path };
  } catch (error) {
    return { missing: `the time-skipping test server needs java, and mvn to fetch it: ${String(error)}` };
  }
}

async function fetch(folder: string, path: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const jars = join(folder, 'lib');
  const pom = join(import.meta.dirname, 'test-server', 'pom.xml');
  await run(
    'mvn',
    [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${jars}`,
    ],
    { timeout: FETCH_MS },
  );
  const options = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';
  const script = `#!/bin/sh\nexec java ${options} -cp "${jars}/*" io.temporal.testserver.TestServer "$@"\n`;
  // Written last and at once: whoever finds it finds all of it.
  writeFileSync(`${path}.part`, script);
  chmodSync(`${path}.part`, 0o755);
  renameSync(`${path}.part`, path);
}
