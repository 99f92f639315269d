/**
 * `pip install -r requirements.txt` into the code folder, which is first on a Python function's module path. Packages
 * with native parts fit the Python of this machine that runs pip, `python3`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURES } from '../../domain/release/failures.ts';
import { finalFailure } from '../failure.ts';
import type { Parts } from '../parts.ts';
import type { Dependencies } from './dependencies.ts';
import { runBuildCommand } from './run-in-sandbox.ts';

/** Compiled files would hold times; the cache of one project must not serve another's build. */
const COMMAND =
  'python3 -m pip install --requirement requirements.txt --target . --upgrade --no-compile --no-cache-dir --no-input';

/** Installs; the answer is one line for people. */
export async function installPythonPackages(parts: Parts, job: Dependencies): Promise<string> {
  const { folder, log, signal } = job;
  if (!existsSync(join(folder, 'requirements.txt'))) return 'no dependencies';
  const startedAt = Date.now();
  const exit = await runBuildCommand(parts.sandbox, {
    folder,
    cache: join(parts.home, 'cache', 'packages', job.project),
    run: COMMAND,
    log,
    signal,
  });
  if (exit !== 0)
    throw finalFailure(
      FAILURES.buildFailed,
      `pip install ended with exit code ${exit} (it needs python3 with pip: apt-get install python3-pip)`,
      { logTail: log.tail() },
    );
  return `pip install, ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`;
}
