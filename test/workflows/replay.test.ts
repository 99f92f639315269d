import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { recordedHistories } from './histories.ts';
import { WORKFLOWS } from './workflow-server.ts';

const histories = recordedHistories();

let workflowBundle: WorkflowBundle;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  workflowBundle = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('ERROR') });
});

test('there is a history of every way to end, and of a lane', () => {
  const names = histories.map(({ name }) => name.replace(/\..*$/, ''));
  for (const name of [
    'promoted',
    'approved',
    'rolled-back',
    'rejected',
    'aborted',
    'failed',
    'unchanged',
    'planned',
    'first',
    'changed-outside',
    'lane',
  ])
    expect(names).toContain(name);
});

test.each(histories)(
  '$name: today’s code takes the same decisions — releases under way survive an update',
  async ({ history }) => {
    await Worker.runReplayHistory({ workflowBundle }, history);
  },
);
