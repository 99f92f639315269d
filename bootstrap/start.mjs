/** `npm start`: prepares the clone, then becomes the supervisor, with the sample where the home is new. */
import { prepareCode, prepareParts } from './prepare.mjs';
import { bold, dim, runSteps } from './progress.mjs';
import { readDotEnv, requireNode } from './root.mjs';

requireNode();
readDotEnv();
await runSteps(async () => {
  console.log(`\n${bold('Sluice')} ${dim('gray releases for serverless functions')}\n`);
  await prepareCode();
  await prepareParts();
});
process.argv.splice(2, 0, 'up', '--sample');
await import('../dist/cli/main.js');
