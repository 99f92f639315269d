#!/usr/bin/env node
/** The `sluice` command on a clone: `up` prepares what is missing first, every other command starts at once. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { prepareCode, prepareParts } from './prepare.mjs';
import { runSteps } from './progress.mjs';
import { readDotEnv, requireNode, ROOT } from './root.mjs';

requireNode();
readDotEnv();
const isUp = process.argv[2] === 'up' && !process.argv.some((arg) => arg === '--help' || arg === '-h');
// Other commands only talk to a server: they must answer at once and print nothing but their answer.
if (isUp || !existsSync(join(ROOT, 'dist', 'cli', 'main.js')))
  await runSteps(async () => {
    await prepareCode();
    if (isUp) await prepareParts();
  });
await import('../dist/cli/main.js');
