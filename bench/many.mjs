/**
 * `npm run bench:many [projects] [pushes]`: many projects (50 unless told otherwise), all pushed several times at once (5),
 * half of them all at once and half gray with probes. Fails where a release is lost, doubled, without end or out of order
 * in its lane; prints how long webhooks took, what the machine did, and how memory grew.
 */
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './load.mjs';
import { measureMemory } from './memory.mjs';
import { apiOf, startStack } from './stack.mjs';

const [PROJECTS = 50, PUSHES = 5] = process.argv.slice(2).map(Number);
const SECRET = randomBytes(16).toString('hex');
const HELLO = join(import.meta.dirname, '../examples/hello');
/** A release on a machine with nothing else to do takes seconds; all of them wait for two cores. */
const END_MS = 30 * 60_000;
const ENDED = new Set(['promoted', 'superseded', 'unchanged']);

const stack = await startStack();
try {
  const api = apiOf(stack);
  const projects = await Promise.all(Array.from({ length: PROJECTS }, (_, index) => prepare(api, index)));
  const loadBefore = loadavg()[0];
  const before = memory();
  const times = [];
  const began = performance.now();
  await Promise.all(projects.map((project) => pushAll(project, times)));
  const toldMs = performance.now() - began;
  const last = await untilAllEnded(api, projects);
  const tookS = (performance.now() - began) / 1_000;
  for (const project of projects) check(project, last.get(project.name) ?? []);
  const releases = [...last.values()].flat();
  const sorted = Float64Array.from(times).sort();
  const states = Object.entries(Object.groupBy?.(releases, (r) => r.state) ?? countBy(releases));
  console.log(
    `projects × pushes            ${PROJECTS} × ${PUSHES}, load of the machine before ${loadBefore.toFixed(1)}`,
  );
  console.log(`all webhooks answered in     ${(toldMs / 1_000).toFixed(1)} s`);
  console.log(
    `webhook answer, p50 / p99    ${quantile(sorted, 0.5).toFixed(0)} / ${quantile(sorted, 0.99).toFixed(0)} ms`,
  );
  console.log(
    `every release ended after    ${tookS.toFixed(0)} s (${(releases.length / tookS).toFixed(2)} a second)`,
  );
  console.log(
    `states                       ${states.map(([state, of]) => `${state} ${of.length}`).join(', ')}`,
  );
  const after = memory();
  console.log(`memory (PSS) before → after  ${before.total} → ${after.total} MB`);
  for (const part of Object.keys(after.parts))
    console.log(`— ${part.padEnd(27)}${before.parts[part] ?? '?'} → ${after.parts[part]}`);
} finally {
  await stack.stop();
}

function memory() {
  const [{ value }, ...parts] = measureMemory(stack);
  return {
    total: Number.parseInt(value, 10),
    parts: Object.fromEntries(parts.map((row) => [row.figure.replace('— ', ''), row.value])),
  };
}

/** A repository with all its commits, of which nobody has told Sluice yet. */
async function prepare(api, index) {
  const name = `many-${index}`;
  const folder = join(stack.home, 'demo', name);
  const env = {
    PATH: process.env.PATH,
    HOME: stack.home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  const git = (...args) => execFileSync('git', args, { cwd: folder, env, encoding: 'utf8' }).trim();
  mkdirSync(folder, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Bench');
  git('config', 'user.email', 'bench@sluice.invalid');
  cpSync(join(HELLO, 'code'), join(folder, 'code'), { recursive: true });
  const manifest = readFileSync(join(HELLO, 's.yml'), 'utf8').replaceAll(
    /(name:|^ {2})( ?)hello/gm,
    `$1$2${name}`,
  );
  writeFileSync(join(folder, 's.yml'), manifest);
  const steps =
    index % 2 === 0
      ? '    preset: all-at-once\n'
      : `    steps:\n      - {weight: 50%, hold: 5s, probe: {every: 1s, event: '{"name":"Kim","hour":9}'}}\n`;
  writeFileSync(
    join(folder, 'sluice.yml'),
    `version: 1\nenvironments:\n  production:\n    branches: [main]\n    alias: PROD\n${steps}    bake: 0s\n    analysis: {interval: 1s}\n`,
  );
  const commits = [];
  for (let number = 0; number < PUSHES; number += 1) {
    writeFileSync(join(folder, 'code/number.js'), `module.exports = ${number};\n`);
    git('add', '--all');
    git('commit', '--quiet', '--message', `Push ${number}`);
    commits.push(git('rev-parse', 'HEAD'));
  }
  await api('POST', '/api/v1/projects', {
    name,
    repository: folder,
    provider: 'generic',
    webhookSecret: SECRET,
  });
  return { name, commits, ids: [] };
}

/** One after another, as one branch is pushed; the projects are told of at once. */
async function pushAll(project, times) {
  for (const commit of project.commits) {
    const body = JSON.stringify({ ref: 'refs/heads/main', commit, pushedAt: new Date().toISOString() });
    const began = performance.now();
    const answer = await fetch(`http://127.0.0.1:${stack.port}/webhooks/generic/${project.name}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-sluice-delivery': randomUUID(),
        'x-sluice-signature': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      },
    });
    const told = await answer.json();
    times.push(performance.now() - began);
    if (answer.status !== 202) throw new Error(`the webhook answered ${answer.status}`);
    project.ids.push(told.id);
  }
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
