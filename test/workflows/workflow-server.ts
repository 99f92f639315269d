/**
 * A real Temporal server for workflow tests, with workers for all task queues in this process and a fake world behind
 * them. Time is real: plans in these tests have holds of milliseconds.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { Client, WorkflowHandle, WorkflowResultType } from '@temporalio/client';
import {
  laneWorkflowId,
  pushesSignal,
  releaseWorkflowId,
  TASK_QUEUES,
  type QueuedRelease,
} from '../../src/workflows/messages.ts';
import type { lane } from '../../src/workflows/lane.ts';
import type { release } from '../../src/workflows/release/release.ts';
import { keepHistory } from './histories.ts';
import { findTemporal } from '../../src/cli/up/temporal-executable.ts';
import { World } from './fake-world.ts';

export const WORKFLOWS = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));

const CACHE = process.env['SLUICE_CACHE'] ?? join(homedir(), '.cache', 'sluice');

export interface WorkflowServer {
  readonly client: Client;
  readonly world: World;
  /** Hands a release to the lane of its own project, and returns its id. */
  push(
    project: string,
    releaseId?: string,
    again?: Pick<QueuedRelease, 'attempt' | 'nextSeq'>,
  ): Promise<string>;
  /** Hands releases over in one word, as the dispatcher does with those of a burst. */
  pushTogether(project: string, releaseIds: readonly string[]): Promise<void>;
  release(releaseId: string): WorkflowHandle<typeof release>;
  lane(project: string): WorkflowHandle<typeof lane>;
  /**
   * The result of a release, which its lane needs a moment to start.
   *
   * @param fixture as which its history is kept
   */
  ended(releaseId: string, fixture?: string): Promise<WorkflowResultType<typeof release>>;
  /** Keeps the history of an ended release as a fixture, when asked to by SLUICE_RECORD_HISTORIES. */
  keepHistory(name: string, workflowId: string): Promise<void>;
  close(): Promise<void>;
}

/** The SDK gives a server five seconds to come up, which a machine with much else to do may need more of. */
const STARTS = 3;

async function started(start: () => Promise<TestWorkflowEnvironment>): Promise<TestWorkflowEnvironment> {
  for (let number = 1; ; number += 1)
    try {
      return await start();
    } catch (error) {
      if (number === STARTS || !String(error).includes('did not start within')) throw error;
    }
}

/**
 * Starts server and workers; some 1.5 s.
 *
 * @param settings more of the server's dynamic configuration, `name=value`
 */
export async function startWorkflowServer(settings: readonly string[] = []): Promise<WorkflowServer> {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const path = await findTemporal(CACHE, process.env['PATH'] ?? '');
  const env = await started(() =>
    TestWorkflowEnvironment.createLocal({
      client: { identity: 'client' },
      server: {
        executable: { type: 'existing-path', path },
        log: { format: 'json', level: 'error' },
        // The server looks a second ahead for timers; these tests hold for milliseconds.
        extraArgs: ['history.timerProcessorMaxTimeShift="10ms"', ...settings].flatMap((setting) => [
          '--dynamic-config-value',
          setting,
        ]),
      },
    }),
  );
  return serve(env, new World());
}

/**
 * The same on the test server that skips time: hours pass in a moment, but only while no activity runs.
 *
 * @param path the server's executable
 */
export async function startTimeSkippingServer(
  path: string,
): Promise<WorkflowServer & { readonly env: TestWorkflowEnvironment }> {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const env = await started(() =>
    TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } }),
  );
  const server = await serve(env, new World(() => env.currentTimeMs()));
  return { ...server, env };
}

async function serve(env: TestWorkflowEnvironment, world: World): Promise<WorkflowServer> {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    logger: new DefaultLogger('ERROR'),
  });
  const workers = await Promise.all(
    Object.values(TASK_QUEUES).map((taskQueue) =>
      Worker.create({
        connection: env.nativeConnection,
        identity: 'worker',
        taskQueue,
        activities: world.activities(),
        maxHeartbeatThrottleInterval: '20 milliseconds',
        defaultHeartbeatThrottleInterval: '20 milliseconds',
        ...(taskQueue === TASK_QUEUES.main ? { workflowBundle } : {}),
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  const { client } = env;
  const handleOf = (releaseId: string): WorkflowHandle<typeof release> =>
    client.workflow.getHandle(releaseWorkflowId(releaseId));
  async function handOver(project: string, releases: readonly QueuedRelease[]): Promise<void> {
    await client.workflow.signalWithStart<typeof lane, [readonly QueuedRelease[]]>('lane', {
      workflowId: laneWorkflowId(project, 'production'),
      taskQueue: TASK_QUEUES.main,
      args: [{ schema: 1, project, environment: 'production', waiting: [], running: null, known: [] }],
      signal: pushesSignal,
      signalArgs: [releases],
    });
  }
  return {
    client,
    world,
    push: async (project, releaseId = randomUUID(), again = {}) => {
      await handOver(project, [{ releaseId, storedAt: Date.now(), ...again }]);
      return releaseId;
    },
    pushTogether: (project, releaseIds) =>
      handOver(
        project,
        releaseIds.map((releaseId) => ({ releaseId, storedAt: Date.now() })),
      ),
    release: handleOf,
    ended: async (releaseId, fixture) => {
      await world.until(releaseId, ({ startedAt }) => startedAt !== null);
      const handle = handleOf(releaseId);
      const result = await handle.result();
      if (fixture !== undefined) await keepHistory(client, fixture, handle.workflowId);
      return result;
    },
    lane: (project) => client.workflow.getHandle(laneWorkflowId(project, 'production')),
    keepHistory: (name, workflowId) => keepHistory(client, name, workflowId),
    close: async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await env.teardown();
    },
  };
}
