/** Makes the workflow bundle; a process of its own, because the bundler's memory would stay with the supervisor. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { ROOT } from './root.mjs';

const target = process.argv[2];
const { code } = await bundleWorkflowCode({
  workflowsPath: join(ROOT, 'dist', 'workflows', 'index.js'),
  logger: new DefaultLogger('WARN'),
});
writeFileSync(`${target}.${process.pid}`, code);
renameSync(`${target}.${process.pid}`, target);
