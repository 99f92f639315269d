/** `npm test`: prepares the clone, runs every test, and ends with one line that says how many passed and failed. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareCode, prepareParts } from './prepare.mjs';
import { runSteps } from './progress.mjs';
import { readDotEnv, requireNode, ROOT } from './root.mjs';

requireNode();
readDotEnv();
await runSteps(async () => {
  await prepareCode();
  await prepareParts();
});

const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
const report = join(folder, 'report.json');
const args = [
  'run',
  '--project=unit',
  '--project=system',
  '--project=faults',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const vitest = spawn(process.execPath, [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
  cwd: ROOT,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => vitest.kill(signal));
const code = await new Promise((resolve) => vitest.on('close', (status) => resolve(status ?? 1)));

const { passed, failed, skipped } = totals();
rmSync(folder, { recursive: true, force: true });
if (skipped > 0) console.log(`${skipped} skipped: their titles say what this machine lacks`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = code !== 0 || failed > 0 || passed === 0 ? 1 : 0;

function totals() {
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // A file that cannot be loaded has no test that failed, and an error outside of tests has none either.
  const files = result.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = result.numFailedTests + files;
  return {
    passed: result.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}
