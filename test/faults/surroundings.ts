/** Stacks for faults that need more than a plain one: a small disk under PostgreSQL, or a clock that can be moved. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLOCK_FILE, type Fault } from './faults.ts';
import { startWorld, type World } from './world.ts';

const FAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find((path) => existsSync(path));
/** Room for a new database and its journal, and little more. */
const DISK = '256m';

/** Why this machine cannot have such a stack; `undefined` when it can. */
export function whyNot(needs: Fault['needs']): string | undefined {
  if (needs === 'shifted-clock' && !FAKETIME) return 'libfaketime is not installed';
  if (needs === 'small-disk' && !mayMount()) return 'this user may not mount a small disk';
  return undefined;
}

export async function startWorldFor(needs: Fault['needs']): Promise<World> {
  if (needs === 'small-disk') return startOnSmallDisk();
  if (needs === 'shifted-clock') return startWithClock();
  return startWorld();
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes the home by a first start, then moves the database to a disk of its own. */
async function startOnSmallDisk(): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-'));
  await (await startWorld({ home })).stop();
  const folder = join(home, 'postgres');
  const aside = join(home, 'postgres.aside');
  renameSync(folder, aside);
  mkdirSync(folder, { mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=700`, 'tmpfs', folder]);
  const release = (): void => {
    execFileSync('umount', [folder]);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    execFileSync('cp', ['-a', `${aside}/.`, folder]);
    rmSync(aside, { recursive: true });
    const world = await startWorld({ home });
    return {
      ...world,
      stop: async () => {
        await world.stop();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * The supervisor hands its environment to api, worker and engine, and not to PostgreSQL and Temporal: those two keep the
 * machine's time, as another host would. The monotonic clock is left alone, as a real jump leaves it.
 */
async function startWithClock(): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-'));
  const file = join(home, CLOCK_FILE);
  writeFileSync(file, '+0');
  const env = {
    LD_PRELOAD: FAKETIME ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
  // Customers have the right time, whatever it is: with another one the engine refuses their signatures.
  const now = (): number => Date.now() + Number(readFileSync(file, 'utf8')) * 1_000;
  const world = await startWorld({ home, env }, now);
  return {
    ...world,
    stop: async () => {
      await world.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
