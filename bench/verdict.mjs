/**
 * How long harm stays: from the first failed answer of the canary to the harmful look, and from that look to the alias that is
 * moved away. Customers call the alias all the while; the plan looks each second.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { median } from './load.mjs';
import { createProject, push } from './project.mjs';

const ROUNDS = 5;
const PER_SECOND = 50;
const END_MS = 60_000;
const INTERVAL_MS = 1_000;
const GOOD = "exports.handler = async () => 'good';\n";
/** Its smoke calls succeed: they are no customers. */
const BAD =
  "exports.handler = async (event) => { if (String(event) === 'customer') throw new Error('bad'); return 'good'; };\n";

/** @param {import('@alicloud/fc2').default} fc */
export async function measureVerdict(stack, api, fc) {
  const project = await createProject(stack, api, {
    name: 'verdict',
    plan: ['steps:', '  - {weight: 20%, hold: 1h}', 'bake: 0s', 'analysis: {interval: 1s}'],
    commits: ROUNDS + 1,
    code: (number) => (number === 0 ? GOOD : `${BAD}// ${number}\n`),
  });
  await push(stack, project, project.commits[0]);
  await ended(api, project.ids[0], 'promoted');
  const delays = [];
  const customers = setInterval(() => {
    fc.invokeFunction('verdict', 'greet', 'customer', {}, 'PROD').catch(() => undefined);
  }, 1_000 / PER_SECOND);
  try {
    for (const commit of project.commits.slice(1)) {
      await push(stack, project, commit);
      const id = project.ids.at(-1);
      await ended(api, id, 'rolled-back');
      delays.push(await delayOf(api, id));
    }
  } finally {
    clearInterval(customers);
  }
  return [
    {
      figure: 'harmful look → alias moved back, median',
      value: `${median(delays).toFixed(0)} ms`,
      aim: '',
    },
    {
      figure: `harmful look → alias moved back, worst of ${ROUNDS}`,
      value: `${Math.max(...delays).toFixed(0)} ms`,
      aim: `≤ ${INTERVAL_MS + 200} ms`,
    },
  ];
}

/** Both times are the record's own: of the look that was harmful, and of the traffic that went to zero. */
async function delayOf(api, id) {
  const { evaluations } = await api('GET', `/api/v1/releases/${id}/evaluations`);
  const { events } = await api('GET', `/api/v1/releases/${id}/events`);
  const harmful = evaluations.find(({ verdict }) => verdict === 'harmful');
  const back = events.find(({ event }) => event.type === 'traffic' && event.weight === 0);
  if (!harmful || !back) throw new Error(`${id} was rolled back without a harmful look or without a move`);
  return Date.parse(back.at) - Date.parse(harmful.at);
}

async function ended(api, id, state) {
  const deadline = Date.now() + END_MS;
  for (;;) {
    const release = await api('GET', `/api/v1/releases/${id}`);
    if (release.state === state) return;
    if (release.endedAt || Date.now() > deadline)
      throw new Error(`${id} is ${release.state}: ${release.sentence}`);
    await pause(100);
  }
}
