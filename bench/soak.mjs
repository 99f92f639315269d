/**
 * `npm run bench:soak [minutes] [seed]`: a mixed load on the engine of a Sluice of its own, while code and aliases change and
 * instances are killed. Every answer is compared with what must come for its own call; at the end, when the idle
 * instances are gone, everything that the engine held must be given back. Ends with 1 where something was wrong or leaked.
 * A run of less than ten minutes deletes its functions instead of waiting until idle instances go by themselves; runtimes
 * that wait go by themselves in both.
 */
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Calls } from './soak/calls.mjs';
import { Client } from './soak/client.mjs';
import { Fleet } from './soak/fleet.mjs';
import { Killer } from './soak/killer.mjs';
import { census, onHost } from './soak/leaks.mjs';
import { findLeaks, findLeft, Watch } from './soak/judge.mjs';
import { randomOf } from './soak/random.mjs';
import { sources } from './soak/sources.mjs';
import { sdkOf, startStack } from './stack.mjs';

const [minutes = 30, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
/** Bounded, so that a machine of two cores is busy and not saturated. */
const CALLS_PER_SECOND = 40;
const IN_FLIGHT_MOST = 64;
const CHANGE_MS = 3_000;
const KILL_MS = 1_000;
const CENSUS_MS = 5_000;
/** Longer than an idle instance, or a runtime that waits for one, is kept, with the look that ends it. */
const IDLE_MS = 6 * 60_000;
const LONG_MINUTES = 10;

console.log(
  `soak of ${minutes} minutes, seed ${seed}, load of the machine before ${loadavg()[0].toFixed(1)}`,
);
const random = randomOf(seed);
const [callRandom, changeRandom, killRandom] = [1, 2, 3].map(() => randomOf(random() * 2 ** 32));
const made = await sources();
const stack = await startStack();
const faults = [];
try {
  const before = await census(stack);
  const client = new Client(stack);
  const fleet = new Fleet(sdkOf(stack), changeRandom, made);
  const killer = new Killer(stack.home, killRandom);
  const calls = new Calls({ random: callRandom, client, fleet, killer });
  const watch = new Watch();
  await fleet.create();
  // One after another: twenty first starts at once, of whatever runtime, are more than two cores do in the time that a
  // call may wait for one.
  for (const target of fleet.functions) await calls.make(target);

  const untilMs = performance.now() + minutes * 60_000;
  const isOn = () => performance.now() < untilMs;
  const repeat = async (waitMs, action) => {
    while (isOn()) {
      await pause(waitMs());
      if (isOn()) await action();
    }
  };
  let held = 0;
  await Promise.all([
    repeat(
      () => (-Math.log(1 - callRandom()) * 1_000) / CALLS_PER_SECOND,
      () => {
        if (calls.inFlight < IN_FLIGHT_MOST) void calls.make();
        else held += 1;
      },
    ),
    repeat(
      () => CHANGE_MS,
      () => fleet.change(),
    ),
    repeat(
      () => KILL_MS,
      () => killer.strike(),
    ),
    repeat(
      () => CENSUS_MS,
      async () => watch.add(await census(stack)),
    ),
  ]);
  while (calls.inFlight > 0) await pause(100);
  await calls.finish();
  client.close();
  console.log(
    `calls: ${Object.entries(calls.counts)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}; held back ${held}`,
  );
  console.log(
    `killed instances ${killer.killed.size}; ${Object.entries(fleet.changes)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
  );
  faults.push(...calls.faults);

  const deadline = Date.now() + IDLE_MS;
  if (minutes < LONG_MINUTES) await fleet.remove();
  let after = await census(stack);
  while ((after.instances > 0 || after.host.sandboxes > before.host.sandboxes) && Date.now() < deadline) {
    await pause(1_000);
    after = await census(stack);
  }
  // Sockets and groups of the last instance, and what the collector frees when nothing runs any more.
  await pause(20_000);
  after = await census(stack);
  if (minutes >= LONG_MINUTES) await fleet.remove();
  console.log(watch.text(before, after));
  faults.push(...findLeaks(before, watch, after));
} finally {
  await stack.stop();
}
faults.push(...findLeft(onHost(stack.home)));
for (const fault of faults.slice(0, 50)) console.log(`FAULT ${fault}`);
console.log(faults.length === 0 ? 'nothing wrong, nothing leaked' : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
