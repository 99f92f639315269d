/**
 * The npm packages, as the lock file says. What is installed is read from npm's own record of the last install: it is
 * written when an install is complete, so an interrupted one is seen and done again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, run } from './command.mjs';
import { StepError } from './progress.mjs';
import { ROOT } from './root.mjs';

const LIMIT_MS = 10 * 60_000;

/** Installs the packages where they are missing or others than the lock file's. */
export async function nodePackages(report) {
  const wanted = packagesOf(join(ROOT, 'package-lock.json'));
  if (wanted.size === 0)
    throw new StepError('package-lock.json cannot be read', 'git checkout package-lock.json');
  if (isInstalled(wanted)) return `${wanted.size} in the lock file, up to date`;
  report(`npm ci, ${wanted.size} packages in the lock file`);
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, [process.env.npm_execpath]]
    : ['npm', []];
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await run(npm[0], [...npm[1], ...args], { cwd: ROOT, timeoutMs: LIMIT_MS });
  if (code === 0) return 'installed by npm ci';
  throw new StepError(
    `npm ci failed (exit ${code}):\n${lastLines(output, 20)}`,
    'npm must reach its registry ("npm ping" tells); then start again.',
  );
}

function isInstalled(wanted) {
  const record = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = packagesOf(record);
  for (const [path, { version, optional }] of wanted) {
    const found = installed.get(path);
    // Optional packages are those of other platforms.
    if (found ? found.version !== version : !optional) return false;
  }
  return true;
}

/** @returns {Map<string, {version: string, optional: boolean}>} */
function packagesOf(path) {
  try {
    const { packages } = JSON.parse(readFileSync(path, 'utf8'));
    return new Map(
      Object.entries(packages)
        .filter(([name]) => name !== '')
        .map(([name, entry]) => [
          name,
          { version: entry.version, optional: Boolean(entry.optional || entry.devOptional || entry.peer) },
        ]),
    );
  } catch {
    return new Map();
  }
}
