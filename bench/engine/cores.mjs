/**
 * What further cores give: the same calls with caller, engine and instances held on one core, and on all, in turn; the bare echo
 * likewise, as the limit. There is one front process, so this is what its pipeline spreads to by itself.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { drive, median, onlyOk } from '../load.mjs';
import { descendantsOf } from '../memory.mjs';
import { plainRequests, signedRequests } from '../requests.mjs';
import { row } from './warm.mjs';

const ROUNDS = 5;
const DIFFERENT = 1_500;

export async function measureCores(stack, echo, { event }) {
  const cores = availableParallelism();
  const targets = [
    { name: 'the engine', port: stack.enginePort, pid: stack.parts().engine, requests: signed(stack, event) },
    { name: echo.name, port: echo.port, pid: echo.pid, requests: plainRequests('/', DIFFERENT) },
  ].map((target) => ({ ...target, one: [], all: [] }));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const target of targets) {
      target.one.push(await held('0', target));
      target.all.push(await held(`0-${cores - 1}`, target));
    }
  const [engine, limit] = targets.map(({ one, all }) => median(all) / (cores * median(one)));
  return [
    row(
      `warm event invocation on all cores ÷ (${cores} × on one)`,
      `${engine.toFixed(2)} (bare echo ${limit.toFixed(2)})`,
      '≥ 0.8',
    ),
  ];
}

function signed({ credentials }, path) {
  return signedRequests(credentials, path, DIFFERENT);
}

/** Calls a second with this process, the server and what it has started on these cores. */
async function held(cores, { name, port, pid, requests }) {
  const pids = [process.pid, pid, ...descendantsOf(pid)];
  try {
    for (const one of pids) pin(cores, one);
    await drive({ port, connections: 16, requests, total: 1_000 });
    return onlyOk(name, await drive({ port, connections: 16, requests, total: 5_000 })).perSecond;
  } finally {
    for (const one of pids) pin(`0-${availableParallelism() - 1}`, one);
  }
}

function pin(cores, pid) {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}
