/**
 * `npm run bench:many [projects] [pushes] [--rest]`: many projects (50 unless told otherwise), of which each has had its first
 * release; then all are pushed several times at once (5), half of them all at once and half gray with probes. Fails where a
 * release is lost, doubled, without end or out of order in its lane; prints how long webhooks took, what the machine did, and
 * how memory grew; with `--rest` also what is left of it when nothing has been released for some minutes.
 */
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './load.mjs';
import { memoryOf } from './memory.mjs';
import { createProject, push, pushAll } from './project.mjs';
import { apiOf, startStack } from './stack.mjs';

const [PROJECTS = 50, PUSHES = 5] = process.argv.slice(2).filter(Number).map(Number);
/** Pushes to another branch of each project before. */
const OTHERS = 20;
const RESTS = process.argv.includes('--rest');
/** Instances of functions that nobody calls are ended after five minutes; then the memory is that of Sluice again. */
const REST_MS = 6 * 60_000;
/** A release on a machine with nothing else to do takes seconds; all of them wait for two cores. */
const END_MS = 30 * 60_000;
const ENDED = new Set(['promoted', 'superseded', 'unchanged']);

const stack = await startStack();
try {
  const api = apiOf(stack);
  const projects = await Promise.all(
    Array.from({ length: PROJECTS }, (_, index) =>
      createProject(stack, api, { name: `many-${index}`, plan: planOf(index), commits: 1 + PUSHES }),
    ),
  );
  // Each has a version that its users have, so that what comes is let in beside it.
  await Promise.all(projects.map((project) => push(stack, project, project.commits[0])));
  await untilAllEnded(api, projects);
  // Most of what a day brings is pushed to branches that nothing is released from; the API has had some of it.
  const others = Array.from({ length: OTHERS }, () => randomBytes(20).toString('hex'));
  await Promise.all(projects.map((project) => pushAll(stack, project, others, 'feature')));
  await pause(2_000);
  const loadBefore = loadavg()[0];
  const before = memoryOf(stack);
  const began = performance.now();
  const times = await Promise.all(
    projects.map((project) => pushAll(stack, project, project.commits.slice(1))),
  );
  const toldMs = performance.now() - began;
  const last = await untilAllEnded(api, projects);
  const tookS = (performance.now() - began) / 1_000;
  for (const project of projects) check(project, last.get(project.name) ?? []);
  const releases = [...last.values()].flat();
  const sorted = Float64Array.from(times.flat()).sort();
  const states = Object.entries(Object.groupBy?.(releases, (r) => r.state) ?? countBy(releases));
  console.log(
    `projects × pushes            ${PROJECTS} × ${PUSHES}, load of the machine before ${loadBefore.toFixed(1)}`,
  );
  console.log(`all webhooks answered in     ${(toldMs / 1_000).toFixed(1)} s`);
  console.log(
    `webhook answer, p50 / p99    ${quantile(sorted, 0.5).toFixed(0)} / ${quantile(sorted, 0.99).toFixed(0)} ms`,
  );
  console.log(
    `every release ended after    ${tookS.toFixed(0)} s (${((releases.length - PROJECTS) / tookS).toFixed(2)} a second)`,
  );
  console.log(
    `states                       ${states.map(([state, of]) => `${state} ${of.length}`).join(', ')}`,
  );
  const after = memoryOf(stack);
  const rested = RESTS ? await pause(REST_MS).then(() => memoryOf(stack)) : undefined;
  const row = (pick) => [before, after, ...(rested ? [rested] : [])].map(pick).join(' → ');
  console.log(
    `memory (PSS, MB)             before → after${rested ? ` → ${REST_MS / 60_000} minutes later` : ''}`,
  );
  console.log(`— all                        ${row(({ all }) => Math.round(all))}`);
  for (const part of Object.keys(after.parts))
    console.log(`— ${part.padEnd(27)}${row(({ parts }) => Math.round(parts[part] ?? Number.NaN))}`);
} finally {
  await stack.stop();
}

/** Half of the projects release all at once, half gray with probes. */
function planOf(index) {
  const steps =
    index % 2 === 0
      ? ['preset: all-at-once']
      : ['steps:', `  - {weight: 50%, hold: 5s, probe: {every: 1s, event: '{"name":"Kim","hour":9}'}}`];
  return [...steps, 'bake: 0s', 'analysis: {interval: 1s}'];
}

async function untilAllEnded(api, projects) {
  const deadline = Date.now() + END_MS;
  const ended = new Map();
  while (ended.size < projects.length) {
    if (Date.now() > deadline)
      throw new Error(`only ${ended.size} of ${projects.length} projects have ended`);
    for (const { name } of projects.filter((project) => !ended.has(project.name))) {
      const { releases } = await api('GET', `/api/v1/releases?project=${name}&limit=100`);
      if (releases.every(({ endedAt }) => endedAt !== null)) ended.set(name, releases);
    }
    await pause(2_000);
  }
  return ended;
}

/** Nothing lost, nothing doubled, and what ran did so in the order of the pushes. */
function check({ name, ids }, releases) {
  const found = releases.map(({ id }) => id).toSorted();
  if (JSON.stringify(found) !== JSON.stringify(ids.toSorted()))
    throw new Error(`${name}: ${ids.length} pushes, ${found.length} releases`);
  const odd = releases.find(({ state }) => !ENDED.has(state));
  if (odd) throw new Error(`${name}: ${odd.id} ended ${odd.state}: ${odd.sentence}`);
  const ran = releases.filter(({ state }) => state === 'promoted');
  const order = ran
    .toSorted((a, b) => Date.parse(a.endedAt) - Date.parse(b.endedAt))
    .map(({ id }) => ids.indexOf(id));
  if (order.some((place, index) => index > 0 && place < order[index - 1]))
    throw new Error(`${name}: released in the order ${order.join(', ')}`);
  if (!ran.some(({ id }) => id === ids.at(-1))) throw new Error(`${name}: the newest push is not live`);
}

function countBy(releases) {
  const groups = {};
  for (const release of releases) (groups[release.state] ??= []).push(release);
  return groups;
}
