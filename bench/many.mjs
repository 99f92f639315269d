/**
 * `npm run bench:many [projects] [pushes] [bursts] [--rest]`: many projects (50 unless told otherwise), of which each has had its
 * first release; then all are pushed several times at once (5), half of them all at once and half gray with probes, and when
 * every release has ended once more (3 bursts). Fails where a release is lost, doubled, without end or out of order in its
 * lane; prints how long webhooks took, what the machine did, and how memory grew; with `--rest` also what is left of it when
 * nothing has been released for some minutes.
 */
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './load.mjs';
import { memoryOf } from './memory.mjs';
import { createProject, push, pushAll } from './project.mjs';
import { apiOf, startStack } from './stack.mjs';

const [PROJECTS = 50, PUSHES = 5, BURSTS = 3] = process.argv.slice(2).filter(Number).map(Number);
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
      createProject(stack, api, { name: `many-${index}`, plan: planOf(index), commits: 1 + PUSHES * BURSTS }),
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
  const memory = [memoryOf(stack)];
  const bursts = [];
  for (let burst = 0; burst < BURSTS; burst += 1) {
    bursts.push(await measureBurst(api, projects, burst));
    memory.push(memoryOf(stack));
  }
  if (RESTS) {
    await pause(REST_MS);
    memory.push(memoryOf(stack));
  }
  const say = (what, text) => console.log(`${what.padEnd(29)}${text}`);
  const each = (pick) => bursts.map(pick).join(' | ');
  say('projects × pushes', `${PROJECTS} × ${PUSHES}, load of the machine before ${loadBefore.toFixed(1)}`);
  say(
    'burst',
    each((_, index) => index + 1),
  );
  say('all webhooks answered in', `${each(({ toldMs }) => (toldMs / 1_000).toFixed(2))} s`);
  const quantiles = (times) => [0.5, 0.99].map((part) => quantile(times, part).toFixed(0)).join(' / ');
  say('webhook answer, p50 / p99', `${each(({ times }) => quantiles(times))} ms`);
  say('every release ended after', `${each(({ tookS }) => tookS.toFixed(0))} s`);
  say(
    'states',
    each(({ states }) => states),
  );
  const row = (pick) => memory.map((at) => Math.round(pick(at) ?? Number.NaN)).join(' → ');
  say('memory (PSS, MB)', `before → after each burst${RESTS ? ` → ${REST_MS / 60_000} minutes later` : ''}`);
  say(
    '— all',
    row(({ all }) => all),
  );
  for (const part of Object.keys(memory[0].parts))
    say(
      `— ${part}`,
      row(({ parts }) => parts[part]),
    );
} finally {
  await stack.stop();
}

/** All projects are pushed at once, and all that follows has ended. */
async function measureBurst(api, projects, burst) {
  const first = 1 + burst * PUSHES;
  const began = performance.now();
  const times = await Promise.all(
    projects.map((project) => pushAll(stack, project, project.commits.slice(first, first + PUSHES))),
  );
  const toldMs = performance.now() - began;
  const last = await untilAllEnded(api, projects);
  const tookS = (performance.now() - began) / 1_000;
  for (const project of projects) check(project, last.get(project.name) ?? []);
  const releases = [...last.values()].flatMap((of) => of.filter(({ number }) => number > first));
  const states = Object.entries(countBy(releases)).map(([state, of]) => `${state} ${of.length}`);
  return { toldMs, tookS, times: Float64Array.from(times.flat()).sort(), states: states.join(', ') };
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
