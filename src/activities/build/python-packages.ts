/**
 * `pip install -r requirements.txt` into the code folder, which is first on a Python function's module path. Packages
 * with native parts fit the Python of this machine that runs pip, `python3`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Parts } from '../parts.ts';
import { runPackageTool, type PackageJob } from './package-tool.ts';

/** Compiled files would hold times; the cache of one project must not serve another's build. */
const COMMAND =
  'python3 -m pip install --requirement requirements.txt --target . --upgrade --no-compile --no-cache-dir --no-input';

/** Installs; the answer is one line for people. */
export async function installPythonPackages(parts: Parts, job: PackageJob): Promise<string> {
  if (!existsSync(join(job.folder, 'requirements.txt'))) return 'no dependencies';
  const startedAt = Date.now();
  await runPackageTool(parts, job, {
    name: 'pip install',
    run: COMMAND,
    hint: () => ' (it needs python3 with pip: apt-get install python3-pip)',
  });
  return `pip install, ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`;
}
