/**
 * `npm run bench:waiting [releases]`: what a release costs that only waits. So many releases (100 unless told otherwise) stand in
 * a hold of hours, watched, without a request; memory and processor time against the same Sluice before they began,
 * scaled to 1,000.
 */
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { memoryOf, processorOf } from './memory.mjs';
import { createProject, push } from './project.mjs';
import { apiOf, startStack } from './stack.mjs';

const [RELEASES = 100] = process.argv.slice(2).map(Number);
const MEASURE_MS = 60_000;
/** What builds and publishing left behind is over. The engine is not counted: it keeps instances that were called. */
const REST_MS = 60_000;
const READY_MS = 30 * 60_000;
const PARTS = ['temporal', 'worker', 'postgres', 'api'];

const stack = await startStack();
try {
  const api = apiOf(stack);
  const projects = [];
  for (let index = 0; index < RELEASES; index += 1)
    projects.push(
      await createProject(stack, api, {
        name: `waiting-${index}`,
        plan: ['steps:', '  - {weight: 5%, hold: 12h}', 'bake: 0s'],
        commits: 2,
      }),
    );
  await Promise.all(projects.map((project) => push(stack, project, project.commits[0])));
  await until(api, projects, ({ state }) => state === 'promoted');
  await pause(REST_MS);
  const before = await measure();
  await Promise.all(projects.map((project) => push(stack, project, project.commits[1])));
  await until(
    api,
    projects,
    ({ state, traffic }) => state === 'running' && traffic.some(({ weight }) => weight > 0),
  );
  await pause(REST_MS);
  const after = await measure();
  console.log(
    `releases in a hold           ${RELEASES}, load of the machine before ${before.load.toFixed(1)}`,
  );
  console.log('per 1,000 waiting releases   memory, MB    processor, % of one core');
  for (const part of PARTS) {
    const mb = ((after.memory[part] - before.memory[part]) * 1_000) / RELEASES;
    const share = ((after.share[part] - before.share[part]) * 100 * 1_000) / RELEASES;
    console.log(`— ${part.padEnd(27)}${mb.toFixed(0).padEnd(14)}${share.toFixed(0)}`);
  }
} finally {
  await stack.stop();
}

async function measure() {
  const load = loadavg()[0];
  const began = processorOf(stack);
  await pause(MEASURE_MS);
  const ended = processorOf(stack);
  const share = Object.fromEntries(
    PARTS.map((part) => [part, (ended[part] - began[part]) / (MEASURE_MS / 1_000)]),
  );
  return { load, share, memory: memoryOf(stack).parts };
}

/** Until the newest release of every project is as `isThere` says. */
async function until(api, projects, isThere) {
  const deadline = Date.now() + READY_MS;
  for (const { name } of projects) {
    for (;;) {
      const { releases } = await api('GET', `/api/v1/releases?project=${name}&limit=1`);
      const newest = releases[0];
      if (newest && isThere(newest)) break;
      if (newest?.state === 'failed' || Date.now() > deadline)
        throw new Error(`${name}: ${newest?.state}: ${newest?.sentence}`);
      await pause(500);
    }
  }
}
