/** The steps that lead from a bare clone to something that can be started. */
import { join } from 'node:path';
import { findOnPath } from './command.mjs';
import { compile } from './compile.mjs';
import { withLock } from './lock.mjs';
import { nodePackages } from './node-packages.mjs';
import { step, StepError } from './progress.mjs';
import { ROOT } from './root.mjs';
import { sandbox } from './sandbox.mjs';
import { temporalServer } from './temporal.mjs';

/** Installs and compiles; one at a time in a clone, because `npm start` and `npm test` may be asked for at once. */
export async function prepareCode() {
  if (!findOnPath('git'))
    throw new StepError(
      'git is not on PATH: Sluice fetches what it releases with it',
      'install git, e.g. apt-get install git',
    );
  let said = false;
  const wait = (holder) => {
    if (!said) console.log(`  process ${holder} is preparing this clone, waiting for it`);
    said = true;
  };
  await withLock(join(ROOT, 'dist', '.bootstrap.lock'), wait, async () => {
    await step('Node packages', nodePackages);
    await step('Compile', compile);
  });
}

/** Everything that a start needs beside the code. */
export async function prepareParts() {
  await step('Temporal server', temporalServer);
  await step('Sandbox', sandbox);
}
