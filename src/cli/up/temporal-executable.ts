/** Finds the Temporal server that the bootstrap made sure of: `temporal` on PATH, else the one in the shared cache. */
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { StartError } from './start-error.ts';

const run = promisify(execFile);
const MODULE = fileURLToPath(new URL('../../../tools/temporal/go.mod', import.meta.url));

/** @throws StartError with the ways to get one */
export async function findTemporal(cache: string, path: string): Promise<string> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const candidate = join(folder, 'temporal');
    if (isExecutable(candidate) && (await isTemporal(candidate))) return candidate;
  }
  const version =
    /github\.com\/temporalio\/cli (v[\d.]+)/.exec(readFileSync(MODULE, 'utf8'))?.[1] ?? 'unknown';
  const cached = join(cache, 'temporal', `${version}-${process.platform}-${process.arch}`, 'temporal');
  if (isExecutable(cached)) return cached;
  throw new StartError(
    `no Temporal server: neither "temporal" on PATH nor ${cached}.\n` +
      '"npm start" and "sluice up" fetch or build it; or set TEMPORAL_ADDRESS to a server that runs.',
  );
}

async function isTemporal(path: string): Promise<boolean> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 5_000 });
    return stdout.startsWith('temporal version');
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
