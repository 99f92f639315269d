/** The stock's rules, over real sandboxes and a clock of the test's own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFunctionRunner, ownFunctionRunner } from '../../../test/support/function-runner.ts';
import { helperPid } from '../../../test/support/helper-pid.ts';
import { homeHash } from '../../platform/home-hash.ts';
import { createLog } from '../../platform/log.ts';
import type { Revision } from '../invoke/contract.ts';
import { RuntimeRegistry } from '../runtimes/registry.ts';
import { openHost, type SandboxHost } from '../sandbox/host.ts';
import { canShowFolders, Mounter } from '../sandbox/mounter.ts';
import { Capacity } from './capacity.ts';
import { Stock, type StockOptions } from './stock.ts';
import { waitingKind, type WaitingKind } from './waiting-kind.ts';
import { WAITING_MB } from './waiting-runtime.ts';

const ECHO = 'exports.handler = async (event) => event;';
const KEEP_MS = 180_000;
const WAIT = { timeout: 20_000 };

describe.skipIf(!canShowFolders('on'))('the stock', () => {
  const functions = createFunctionRunner();
  let home = '';
  let host: SandboxHost;
  let mounter: Mounter;
  let capacity: Capacity;
  let stock: Stock;
  let nowMs = 0;

  function open(options: Partial<StockOptions> = {}, memoryMb = 4_096): Stock {
    capacity = new Capacity({
      instances: 10,
      memoryMb,
      startsAtOnce: 4,
      region: 'cn-test',
      giveWay: () => stock.giveWay(),
      evictIdle: () => false,
      onFreed: () => undefined,
    });
    const log = createLog('test', 'silent');
    stock = new Stock({
      most: 2,
      keepMs: KEEP_MS,
      host,
      mounter,
      capacity,
      log,
      nowMs: () => nowMs,
      ...options,
    });
    return stock;
  }

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'sluice-stock-'));
    host = openHost(home, 'on', createLog('test', 'error'));
    mounter = new Mounter();
    nowMs = 1_000;
  });
  afterEach(async () => {
    await stock.close();
    mounter.close();
    await host.close();
    rmSync(home, { recursive: true, force: true });
  });
  afterAll(() => functions.close());

  test('is empty until a function of the kind has started, then refilled after each', async () => {
    open();
    expect(stock.take(kind())).toBeUndefined();
    await expect.poll(() => stock.size, WAIT).toBe(1);
    const taken = stock.take(kind());
    expect(taken).toBeDefined();
    await expect.poll(() => stock.size, WAIT).toBe(2);
    expect(stock.take(kind())).not.toBe(taken);
    expect(stock.take(kind({ internetAccess: true }))).toBeUndefined();
    taken?.end();
  });

  test('is emptied when no start came for a while, and leaves no process and no memory taken', async () => {
    open();
    stock.take(kind());
    await expect.poll(() => stock.size, WAIT).toBe(1);
    nowMs += KEEP_MS - 1;
    stock.sweep();
    expect(stock.size).toBe(1);
    nowMs += 1;
    stock.sweep();
    expect(stock.size).toBe(0);
    await expect.poll(processes, WAIT).toEqual([]);
    await expect.poll(() => capacity.reserveWaiting(4_096), WAIT).toBe(true);
  });

  test('waits for starts that are under way', async () => {
    open();
    expect(capacity.reserve(128)).toBe(true);
    stock.take(kind());
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    expect(processes()).toEqual([]);
    capacity.started();
    await expect.poll(() => stock.size, WAIT).toBe(1);
  });

  test('counts in the memory of all, and gives way to an instance that needs it', async () => {
    open({}, WAITING_MB + 100);
    stock.take(kind());
    await expect.poll(() => stock.size, WAIT).toBe(1);
    expect(capacity.reserve(128)).toBe(false);
    await expect.poll(() => capacity.reserve(128), WAIT).toBe(true);
    expect(stock.size).toBe(0);
    await expect.poll(processes, WAIT).toEqual([]);
    // Nor does it come back at once, to be ended again.
    stock.take(kind());
    stock.sweep();
    capacity.started();
    capacity.ended(128);
    expect(stock.size).toBe(0);
  });

  test('of size 0 is none', () => {
    open({ most: 0 });
    stock.take(kind());
    stock.take(kind());
    expect([stock.size, processes()]).toEqual([0, []]);
  });

  test('gives out nothing for a while when something was wrong', async () => {
    open();
    stock.take(kind());
    await expect.poll(() => stock.size, WAIT).toBe(1);
    const taken = stock.take(kind());
    if (!taken) throw new Error('nothing waited');
    const broken: Revision = { ...functions.define(ECHO), codeFolder: join(home, 'missing') };
    await expect(stock.furnish(taken, broken, {})).rejects.toThrow(/open_tree/);
    taken.end();
    await expect.poll(processes, WAIT).toEqual([]);
    stock.take(kind());
    stock.sweep();
    expect(stock.size).toBe(0);
  });

  function kind(settings: Partial<Revision> = {}): WaitingKind {
    const lookup = new RuntimeRegistry({ interpreters: {}, cache: home }).find('nodejs20');
    const found = lookup.found && waitingKind(functions.define(ECHO, settings), lookup.runtime, '/code');
    if (!found) throw new Error('Node.js cannot wait here');
    return found;
  }

  /** The waiting processes of this home, by their groups' names. */
  function processes(): string[] {
    return readdirSync('/proc').filter((pid) => {
      try {
        return (
          /^\d+$/.test(pid) &&
          readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`sluice-${homeHash(home)}/c-`)
        );
      } catch {
        return false;
      }
    });
  }
});

describe.skipIf(!canShowFolders('on'))('a function out of the stock', () => {
  test('starts in the ordinary way all the same when its runtime cannot be made its own', async () => {
    const functions = ownFunctionRunner({ waiting: 1 });
    await functions.invoke(functions.define(ECHO));
    await expect.poll(() => functions.runner.stats.waiting, WAIT).toBe(1);
    const helper = helperPid('mounter.pl');
    process.kill(helper, 'SIGSTOP');
    const answer = functions.invoke(functions.define(ECHO), { payload: Buffer.from('well') });
    await expect.poll(() => functions.runner.stats.taken).toBe(1);
    process.kill(helper, 'SIGKILL');
    expect(await answer).toMatchObject({ outcome: 'ok', body: Buffer.from('well'), coldStart: true });
    expect(functions.runner.stats.waiting).toBe(0);
  });

  test('is held to its own memory, more or less than its runtime waited with', async () => {
    const functions = ownFunctionRunner({ waiting: 1 });
    const take = {
      'index.py': 'def handler(event, context):\n    return len(bytearray(int(event) << 20))\n',
    };
    const define = (memoryMb: number) => functions.define(take, { runtime: 'python3', memoryMb });
    await functions.invoke(define(128), { payload: Buffer.from('1') });
    for (const [memoryMb, outcome] of [
      [128, 'unhandled-error'],
      [512, 'ok'],
    ] as const) {
      await expect.poll(() => functions.runner.stats.waiting, WAIT).toBe(1);
      const answer = await functions.invoke(define(memoryMb), { payload: Buffer.from('200') });
      expect(answer.outcome).toBe(outcome);
    }
    expect(functions.runner.stats.taken).toBe(2);
  });
});
