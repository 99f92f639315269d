/** The faults. Each strikes, lasts, and is over when `strike` resolves and all parts are ready again. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PARTS, poll, type PartName } from '../support/stack.ts';
import type { Weather } from './fc-proxy.ts';
import type { World } from './world.ts';

export interface Fault {
  readonly title: string;
  /** Short name, part of the projects' names. */
  readonly key: string;
  /** Whether an answer that is held at that time still arrives, or is lost with its connection. */
  readonly heldAnswers: 'deliver' | 'drop';
  /** Also in `npm test`. */
  readonly isBrief: boolean;
  /** No write reaches the database for longer than a webhook waits for it. */
  readonly refusesWrites?: true;
  /** Takes so long that it runs only where its key is named. */
  readonly isLong?: true;
  /** What the stack must be for it. */
  readonly needs: 'plain' | 'small-disk' | 'shifted-clock';
  /** Resolves when the fault stands; the answer ends it. */
  strike(world: World): Promise<() => Promise<void>>;
}

/** An outage of five minutes, scaled. */
const OUTAGE_MS = 15_000;
/** The same, as long as it is. */
const REAL_OUTAGE_MS = 300_000;
const DATABASE_MS = 10_000;

const kill = (part: PartName, isBrief = false): Fault => ({
  title: `kill -9 of ${part}`,
  key: part,
  heldAnswers: 'deliver',
  isBrief,
  needs: 'plain',
  strike: async ({ stack }) => {
    const before = stack.kill(part);
    return () => stack.untilBack(part, before);
  },
});

const weather = (title: string, key: string, kind: Weather, forMs = OUTAGE_MS): Fault => ({
  title,
  key,
  heldAnswers: 'drop',
  isBrief: false,
  ...(forMs > OUTAGE_MS && { isLong: true }),
  needs: 'plain',
  strike: async ({ proxy, stack }) => {
    await proxy.setWeather(kind);
    return async () => {
      await pause(forMs);
      await proxy.setWeather('fine');
      await stack.untilReady();
    };
  },
});

export const FAULTS: readonly Fault[] = [
  kill('worker', true),
  kill('api'),
  kill('engine'),
  kill('temporal'),
  kill('postgres'),
  {
    title: 'kill -9 of all five and the supervisor; `sluice up` again',
    key: 'all',
    heldAnswers: 'drop',
    isBrief: true,
    needs: 'plain',
    strike: async ({ stack }) => {
      process.kill(stack.supervisorPid(), 'SIGKILL');
      for (const part of PARTS)
        try {
          stack.kill(part);
        } catch {
          // It went with the supervisor.
        }
      return () => stack.restart();
    },
  },
  weather('engine refuses connections for 15 s', 'lost', 'lost'),
  weather('engine answers 503 for 15 s', 'away', '503'),
  weather('engine answers 503 for 5 min', 'outage', '503', REAL_OUTAGE_MS),
  {
    title: 'slow network: each FC call takes 3 s, until the end',
    key: 'slow',
    heldAnswers: 'deliver',
    isBrief: false,
    needs: 'plain',
    strike: async ({ proxy }) => {
      await proxy.setWeather('slow');
      return () => Promise.resolve();
    },
  },
  {
    title: 'PostgreSQL read-only for 10 s',
    key: 'readonly',
    refusesWrites: true,
    heldAnswers: 'deliver',
    isBrief: false,
    needs: 'plain',
    strike: async ({ sql, stack }) => {
      await sql('alter system set default_transaction_read_only = on');
      await sql('select pg_reload_conf()');
      return async () => {
        await pause(DATABASE_MS);
        await sql('alter system reset default_transaction_read_only');
        await sql('select pg_reload_conf()');
        await stack.untilReady();
      };
    },
  },
  {
    title: 'disk of PostgreSQL full for 10 s',
    key: 'full',
    heldAnswers: 'deliver',
    isBrief: false,
    needs: 'small-disk',
    strike: async ({ stack }) => {
      const ballast = join(stack.home, 'postgres', 'ballast');
      fill(ballast);
      return async () => {
        await pause(DATABASE_MS);
        rmSync(ballast);
        await stack.untilReady();
      };
    },
  },
  clock('clock of api, worker and engine jumps an hour forward', 'forward', '+3600'),
  clock('clock of api, worker and engine jumps an hour back', 'back', '+0'),
];

/** A file that both jumps use: the second one goes back to where the first one came from. */
export const CLOCK_FILE = 'clock';

function clock(title: string, key: string, offset: string): Fault {
  return {
    title,
    key,
    heldAnswers: 'deliver',
    isBrief: false,
    needs: 'shifted-clock',
    strike: async ({ stack }) => {
      writeFileSync(join(stack.home, CLOCK_FILE), offset);
      return () => stack.untilReady();
    },
  };
}

function fill(path: string): void {
  for (const size of [1 << 20, 1 << 12])
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
}

/** Ends what a round that failed half way left behind. */
export async function calm({ proxy, sql, stack }: World): Promise<void> {
  await proxy.setWeather('fine');
  const ballast = join(stack.home, 'postgres', 'ballast');
  if (existsSync(ballast)) rmSync(ballast);
  await poll('the database to be writable', async () => {
    await sql('alter system reset default_transaction_read_only');
    await sql('select pg_reload_conf()');
    return true;
  });
  await stack.untilReady();
}
