/**
 * `npm run test:faults`: every fault at every moment of a release, on real stacks; writes the table of
 * docs/reliability.md when all of it held. Keys of single faults as arguments run only those and write nothing.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareCode, prepareParts } from './prepare.mjs';
import { runSteps } from './progress.mjs';
import { readDotEnv, requireNode, ROOT } from './root.mjs';
import { writeSection } from './section.mjs';

requireNode();
readDotEnv();
await runSteps(async () => {
  await prepareCode();
  await prepareParts();
});

const keys = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sluice-faults-'));
const report = join(folder, 'table.md');
const vitest = spawn(
  process.execPath,
  [
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--project=faults',
    '--reporter=verbose',
    'test/faults',
  ],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      SLUICE_FAULTS: keys.length > 0 ? keys.join(',') : 'all',
      SLUICE_FAULTS_REPORT: report,
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => vitest.kill(signal));
const code = await new Promise((resolve) => vitest.on('close', (status) => resolve(status ?? 1)));
try {
  const table = readFileSync(report, 'utf8');
  if (code === 0 && keys.length === 0) writeSection(join(ROOT, 'docs', 'reliability.md'), 'faults', table);
  else console.log(table);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = code;
