/** `npm run check`: types, lint with import directions, format, unused code. Runs all, then fails if one did. */
import { join } from 'node:path';
import { run } from './command.mjs';
import { prepareCode } from './prepare.mjs';
import { runSteps, step, StepError } from './progress.mjs';
import { requireNode, ROOT } from './root.mjs';

const CHECKS = [
  { name: 'Types', script: 'typescript/bin/tsc', args: ['-p', 'tsconfig.test.json', '--pretty', 'false'] },
  { name: 'Lint', script: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'Format', script: 'oxfmt/bin/oxfmt', args: ['--check', '.'] },
  { name: 'Unused code', script: 'knip/bin/knip.js', args: ['--no-progress'] },
];

requireNode();
await runSteps(async () => {
  await prepareCode();
  const failures = [];
  for (const { name, script, args } of CHECKS)
    await step(name, async () => {
      const { code, output } = await run(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
        cwd: ROOT,
      });
      if (code === 0) return '';
      failures.push(`${name}:\n${output}`);
      return { warning: 'failed, see below' };
    });
  if (failures.length > 0)
    throw new StepError(failures.join('\n\n'), '"npm run format" mends the format; the rest is named above.');
});
