/** The workflows in one file, as the build made them; where there is none (a run from sources) they are bundled now. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';
import type { Logger } from '../platform/log.ts';

const BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
const SOURCES = ['../workflows/index.js', '../workflows/index.ts'];

export async function workflowCode(log: Logger): Promise<WorkflowBundleOption> {
  if (existsSync(BUNDLE)) return { codePath: BUNDLE };
  log.info('there is no workflow bundle; making one');
  const paths = SOURCES.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const workflowsPath = paths.find((path) => existsSync(path));
  if (workflowsPath === undefined) throw new Error(`there are no workflows at ${paths.join(' or ')}`);
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
}
