/**
 * The Temporal server, by the first way that works: an outside one (`TEMPORAL_ADDRESS`), `temporal` on PATH, the shared
 * cache, the official download, a build by Go. A way that fails is remembered, so that the last error tells them all.
 */
import { accessSync, constants, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath, run } from './command.mjs';
import { withLock } from './lock.mjs';
import { StepError } from './progress.mjs';
import { cacheFolder, ROOT } from './root.mjs';
import { buildTemporal } from './temporal-build.mjs';
import { downloadTemporal } from './temporal-download.mjs';

/** Makes sure that there is a Temporal server to start; answers which one. */
export async function temporalServer(report) {
  if (process.env.TEMPORAL_ADDRESS) return `outside, at ${process.env.TEMPORAL_ADDRESS}`;
  const version = pinnedVersion();
  const tried = [];

  const onPath = findOnPath('temporal');
  if (onPath) {
    const { code, output } = await run(onPath, ['--version'], { timeoutMs: 5_000 });
    if (code === 0 && output.startsWith('temporal version')) return `${onPath} (${output.split('\n')[0]})`;
    tried.push(
      `${onPath}: not the Temporal command line ("--version" answers ${code}: ${output.split('\n')[0]})`,
    );
  }

  const folder = join(cacheFolder(), 'temporal', `${version}-${process.platform}-${process.arch}`);
  const binary = join(folder, 'temporal');
  if (isExecutable(binary)) return `${version}, from ${binary}`;
  mkdirSync(folder, { recursive: true });
  return await withLock(
    join(folder, '.lock'),
    (holder) => report(`process ${holder} is fetching it, waiting`),
    () => obtain({ version, folder, binary, tried, report }),
  );
}

async function obtain({ version, folder, binary, tried, report }) {
  if (isExecutable(binary)) return `${version}, from ${binary}`;
  // Drafts of a process that was killed; the lock says that nobody is at work.
  const draft = join(folder, 'draft');
  rmSync(draft, { recursive: true, force: true });
  for (const way of [downloadTemporal, buildTemporal]) {
    const outcome = await way({ version, draft, binary, report });
    rmSync(draft, { recursive: true, force: true });
    if (outcome.ok) return [`${version}, ${outcome.said}`, ...tried].join('; ');
    tried.push(outcome.said);
  }
  throw new StepError(
    `There is no Temporal server to start. Tried:\n${['TEMPORAL_ADDRESS: not set', ...onPathLine(tried), ...tried].map((line) => `  - ${line}`).join('\n')}`,
    'any one of: set TEMPORAL_ADDRESS to a running server; put the Temporal command line (https://docs.temporal.io/cli) on PATH; install Go 1.21 or newer.',
  );
}

function onPathLine(tried) {
  return tried.some((line) => line.includes('not the Temporal command line'))
    ? []
    : ['PATH: no command named temporal'];
}

/** The version that go.mod pins, e.g. `v1.5.1`: the one place where it is written. */
function pinnedVersion() {
  const text = readFileSync(join(ROOT, 'tools', 'temporal', 'go.mod'), 'utf8');
  const match = /github\.com\/temporalio\/cli (v[\d.]+)/.exec(text);
  if (!match)
    throw new StepError(
      'tools/temporal/go.mod names no version of github.com/temporalio/cli',
      'git checkout tools/temporal/go.mod',
    );
  return match[1];
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
