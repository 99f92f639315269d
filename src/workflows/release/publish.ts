/**
 * Deploy and publish: LATEST of each service becomes what the commit says, and one version is made of it, under the
 * service's lock. LATEST is shared by everybody who publishes from it.
 */
import { whereIs } from '../../domain/release/in-wave.ts';
import { locks, store } from '../proxies.ts';
import { engineCall } from './engine-call.ts';
import { recordVersions, sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { runStage } from './stage.ts';

/** First wait before people are told that another release has the lock, then the wait per activity. Milliseconds. */
const SHORT_WAIT_MS = 3_000;
const LONG_WAIT_MS = 45 * 60_000;

/** The services with their new versions. Every lock is given back, whatever happens. */
export async function deployAndPublish(run: ReleaseRun): Promise<readonly GrayService[]> {
  const { releaseId } = run.input;
  await runStage(run, 'deploy', async () => {
    const summaries: string[] = [];
    // Sorted by name: two releases that need the same services cannot wait for each other.
    for (const packaged of run.packaged) {
      await lockService(run, packaged.service);
      run.deployed.add(packaged.service);
      const { summary } = await engineCall(run, 'no traffic was moved yet', (by) =>
        by.deployService({ releaseId, service: packaged }),
      );
      summaries.push(summary);
    }
    return { value: undefined, summary: summaries.join('; ') };
  });
  await runStage(run, 'publish', async () => {
    const summaries: string[] = [];
    for (const packaged of run.packaged) {
      const { version, summary } = await engineCall(run, 'no traffic was moved yet', (by) =>
        by.publishService({ releaseId, service: packaged }),
      );
      run.published.set(packaged.service, version);
      summaries.push(summary);
    }
    await store.giveLocksBack({ holder: releaseId });
    return { value: undefined, summary: summaries.join('; ') };
  });
  const services = run.packaged.map((packaged): GrayService => {
    const compared = run.compared.find(({ service }) => service === packaged.service);
    const place = sourceOf(run).places?.find(({ service }) => service === packaged.service);
    return {
      service: packaged.service,
      ...whereIs(place ?? {}),
      functions: packaged.functions.map(({ name }) => name),
      stable: compared?.stable ?? null,
      canary: run.published.get(packaged.service) ?? '',
      expected: [compared?.before ?? null],
      at: null,
    };
  });
  recordVersions(run, services);
  return services;
}

/** Takes the service's lock for this release, and says who has it when that takes long. */
export async function lockService(run: ReleaseRun, service: string): Promise<void> {
  const holder = run.input.releaseId;
  let lock = await locks.takeLock({ holder, service, waitMs: SHORT_WAIT_MS });
  if (lock.held) return;
  run.record.emit({
    type: 'blocked',
    reason: 'service-locked',
    message: `service ${service} is being published by ${lock.by}`,
  });
  try {
    while (!lock.held) lock = await locks.takeLock({ holder, service, waitMs: LONG_WAIT_MS });
  } finally {
    run.record.emit({ type: 'cleared', reason: 'service-locked' });
  }
}
