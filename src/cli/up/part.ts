/**
 * One supervised process: started when what it needs is ready, started again when it dies, stopped with a limit. A part
 * that dies three times before it was ever ready makes the whole start fail; later it is tried for ever.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureError } from '../../platform/errors.ts';
import { createDeferred } from './deferred.ts';
import { goFirst, letHelpersWait } from './go-first.ts';
import type { LogFile } from './log-file.ts';
import { readLogLine } from './log-line.ts';
import { signalGroup, type ProcessTable } from './process-table.ts';
import { restartDelayMs } from './restart-delay.ts';
import type { Screen } from './screen.ts';
import { StartError } from './start-error.ts';
import { timeLimit } from '../../platform/time-limit.ts';

const MOST_FAILED_STARTS = 3;
const KEPT_LINES = 15;

export interface Launch {
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Gives the child an IPC channel: it says when it is ready, and notices when the supervisor is gone. */
  readonly ipc: boolean;
}

export interface PartSpec {
  readonly name: string;
  readonly needs: readonly Part[];
  /** Asked before every start. */
  launch(): Promise<Launch>;
  /** Resolves when the process does its work. `signal` is aborted when it ended or took longer than `readyMs`. */
  whenReady(child: ChildProcess, signal: AbortSignal): Promise<void>;
  readonly readyMs: number;
  readonly stopSignal: NodeJS.Signals;
  /** Time between the stop signal and SIGKILL. */
  readonly stopMs: number;
  /** Somebody outside waits for its answers. */
  readonly goesFirst?: boolean;
  /** Lowest level of its log that the terminal shows. */
  readonly showLevel: number;
}

export interface PartContext {
  readonly table: ProcessTable;
  readonly screen: Screen;
  readonly log: LogFile;
}

export interface Part {
  readonly name: string;
  start(): void;
  /** Resolves when the part is ready now or next; rejects with a StartError when its first start failed for good. */
  ready(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

export function createPart(spec: PartSpec, { table, screen, log }: PartContext): Part {
  let child: ChildProcess | undefined;
  const state = { stopping: false, wasReady: false, isReady: false };
  let failedStarts = 0;
  let delayMs = 0;
  let running: Promise<void> | undefined;
  let readiness = createDeferred();
  const stopped = new AbortController();
  const lastLines: string[] = [];

  function collect(stream: Readable | null): void {
    if (!stream) return;
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (text) => {
      const line = readLogLine(spec.name, text, Date.now());
      log.write(line.json);
      lastLines.push(line.message);
      if (lastLines.length > KEPT_LINES) lastLines.shift();
      // A crash before the first readiness is told whole by the failure of the start.
      const isTold = line.isRaw && !state.wasReady;
      if (line.level >= spec.showLevel && !isTold && !state.stopping) screen.logged(spec.name, line);
    });
  }

  /** One life; answers why it ended. */
  async function live(): Promise<string> {
    lastLines.length = 0;
    const { command, env, ipc } = await spec.launch();
    if (state.stopping) return 'stopped';
    const [file, ...args] = command;
    // A group of its own: Ctrl-C at the terminal reaches the supervisor alone, which stops the parts in order.
    const current = spawn(file, args, {
      env,
      detached: true,
      stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    });
    child = current;
    const { pid } = current;
    if (pid) table.set(spec.name, pid);
    if (pid && spec.goesFirst) goFirst(pid);
    collect(current.stdout);
    collect(current.stderr);
    const over = new AbortController();
    const end = new Promise<string>((resolve) => {
      current.once('error', (error) => resolve(error.message));
      current.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`));
    });
    void watchStart(current, over.signal);
    const reason = await end;
    over.abort();
    state.isReady = false;
    child = undefined;
    // What the part itself had started must not outlive it.
    if (pid) signalGroup(pid, 'SIGKILL');
    table.clear(spec.name);
    return reason;
  }

  async function watchStart(current: ChildProcess, over: AbortSignal): Promise<void> {
    const limit = timeLimit(spec.readyMs);
    try {
      await spec.whenReady(current, AbortSignal.any([over, limit]));
      if (over.aborted) return;
      if (current.pid && spec.goesFirst) letHelpersWait(current.pid);
      state.wasReady = true;
      state.isReady = true;
      readiness.resolve();
    } catch (error) {
      if (over.aborted || state.stopping) return;
      lastLines.push(
        limit.aborted ? `not ready within ${spec.readyMs / 1000} s` : ensureError(error).message,
      );
      if (current.pid) signalGroup(current.pid, 'SIGKILL');
    }
  }

  async function run(): Promise<void> {
    while (!state.stopping) {
      await Promise.all(spec.needs.map((part) => part.ready()));
      if (state.stopping) return;
      const begun = Date.now();
      let reason: string;
      try {
        reason = await live();
      } catch (error) {
        reason = ensureError(error).message;
      }
      if (state.stopping) return;
      readiness.resolve();
      readiness = createDeferred();
      if (!state.wasReady && (failedStarts += 1) >= MOST_FAILED_STARTS) {
        readiness.reject(failure(reason));
        return;
      }
      delayMs = restartDelayMs(delayMs, Date.now() - begun);
      if (state.wasReady)
        screen.warn(`${spec.name} ended (${reason}); it starts again in ${delayMs / 1000} s`);
      await pause(delayMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  function failure(reason: string): StartError {
    const said = lastLines.map((line) => `  ${line}`).join('\n');
    return new StartError(`${spec.name} does not start (${reason}). Its last lines:\n${said}`);
  }

  async function ready(): Promise<void> {
    while (!state.isReady) {
      if (state.stopping) throw new StartError('stopped');
      await readiness.promise;
    }
  }

  async function stop(): Promise<void> {
    state.stopping = true;
    stopped.abort();
    readiness.reject(new StartError('stopped'));
    if (child) {
      const current = child;
      current.kill(spec.stopSignal);
      const timer = setTimeout(() => current.pid && signalGroup(current.pid, 'SIGKILL'), spec.stopMs);
      await running;
      clearTimeout(timer);
    }
    log.close();
  }

  return {
    name: spec.name,
    start: () => {
      running = run().catch((error: unknown) => readiness.reject(ensureError(error)));
    },
    ready,
    stop,
    kill: () => child?.pid && signalGroup(child.pid, 'SIGKILL'),
  };
}

/** Readiness of our own processes: they say so over IPC. */
export function whenAnnounced(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('not ready')), { once: true });
    child.on('message', (message) => {
      if (typeof message === 'object' && 'type' in message && message.type === 'ready') resolve();
    });
  });
}

/** Readiness that has to be asked for: `probe` is repeated until it answers true. */
export async function whenProbed(probe: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await probe())) await pause(25, undefined, { signal });
}
