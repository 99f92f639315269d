/**
 * Starts processes through one small helper process for the whole engine (`launcher.pl`), because a fork takes the longer the
 * more memory the forking process has, and the engine must not stand still meanwhile: it answers calls. The helper hands
 * each process its ends of sockets that the engine has connected to it; what goes over them does not touch the helper.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import type { Logger } from '../../platform/log.ts';
import { lengthPrefixed } from './fields.ts';
import { launchChild, type Launched, type LaunchedExit, type LaunchSpec } from './launched.ts';
import { helperState, PERL, perlScript } from './perl-helper.ts';

/** Without a free descriptor it has no streams. */
type Helper = Omit<ChildProcess, 'stdin' | 'stdout'> & Partial<Pick<ChildProcess, 'stdin' | 'stdout'>>;

/** After one that ended before it could be asked: another would do no better at once. */
const PAUSE_MS = 60_000;
/** Stands for the control connection where the others have their descriptor. */
const CONTROL = 0xff_ff_ff_ff;
const KILL = 'k';
const SIGNALS = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);

export class Launcher {
  readonly #folder: string;
  readonly #log: Logger;
  #helper: Helper | undefined;
  #isListening = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #next = 0;

  /** @param folder only for this */
  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Makes the helper be there before the first process; again when it has died. */
  start(): void {
    if (!this.#helper && performance.now() >= this.#notBeforeMs) this.#helper = this.#spawn();
  }

  /** While there is no helper (yet), the engine starts the process itself. */
  launch(spec: LaunchSpec): Launched {
    this.start();
    const pid = this.#helper?.pid;
    if (!this.#isListening || pid === undefined) return launchChild(spec);
    this.#next += 1;
    // By its working folder: a home may lie deeper than the path of a socket may be long.
    return new LaunchedByHelper(`/proc/${pid}/cwd/launcher.sock`, this.#next, spec);
  }

  /** With it end the processes that still run: a sandbox dies with its parent. */
  close(): void {
    const helper = this.#helper;
    this.#helper = undefined;
    this.#notBeforeMs = Number.POSITIVE_INFINITY;
    helper?.stdin?.end();
  }

  #spawn(): Helper {
    const helper: Helper = spawn(PERL, [perlScript('launcher')], {
      env: {},
      cwd: this.#folder,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const gone = (reason: string): void => {
      if (this.#helper !== helper) return;
      this.#helper = undefined;
      if (!this.#isListening) {
        this.#notBeforeMs = performance.now() + PAUSE_MS;
        this.#log.warn(`the engine starts sandboxes itself, which takes its time: the launcher ${reason}`);
      }
      this.#isListening = false;
    };
    helper.on('error', ({ message }) => gone(`could not be started: ${message}`));
    helper.on('exit', (code, signal) => gone(`ended with ${code ?? signal}`));
    helper.stdin?.on('error', () => undefined);
    helper.stdout?.on('error', () => undefined);
    helper.stdout?.once('data', () => {
      this.#isListening = this.#helper === helper;
    });
    // Idle, it keeps nobody's process alive.
    helper.unref();
    for (const stream of [helper.stdin, helper.stdout]) (stream as Socket | null | undefined)?.unref();
    return helper;
  }
}

/** Where a helper cannot run, the engine starts processes itself. */
export function openLauncher(folder: string, log: Logger): Launcher | undefined {
  if (!helperState().available) return undefined;
  const launcher = new Launcher(folder, log);
  launcher.start();
  return launcher;
}

class LaunchedByHelper implements Launched {
  readonly sockets: readonly (Socket | undefined)[];
  readonly #control: Socket;
  #pid = 0;
  #said = '';
  #exit: LaunchedExit | undefined;
  /** Sockets that are not closed yet. */
  #open = 0;
  #onExit: (exit: LaunchedExit) => void = () => undefined;
  #onClose: () => void = () => undefined;

  constructor(path: string, start: number, { command, env, folder, descriptors }: LaunchSpec) {
    const open = (descriptor: number): Socket => {
      const socket = connect(path);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(start, 0);
      head.writeUInt32BE(descriptor, 4);
      socket.write(head);
      let isConnected = false;
      socket.on('connect', () => {
        isConnected = true;
      });
      socket.on('error', () => {
        socket.destroy();
        // The helper would wait for it; nothing was started.
        if (!isConnected) this.#ended({ code: null, signal: null });
      });
      return socket;
    };
    this.#control = open(CONTROL);
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const given = descriptors.map((descriptor) => {
      if (descriptor === 'nothing') return '';
      return descriptor === 'socket' ? descriptor : descriptor.file;
    });
    const fields = [
      folder,
      String(given.length),
      String(variables.length),
      ...given,
      ...variables,
      ...command,
    ];
    this.#control.write(lengthPrefixed(fields));
    this.#control.on('data', (chunk: Buffer) => this.#hear(chunk));
    this.#control.on('close', () => this.#ended({ code: null, signal: 'SIGKILL' }));
    this.sockets = descriptors.map((descriptor, index) => {
      if (descriptor !== 'socket') return undefined;
      const socket = open(index);
      this.#open += 1;
      socket.on('close', () => {
        this.#open -= 1;
        this.#closedPerhaps();
      });
      return socket;
    });
  }

  get pid(): number {
    return this.#pid;
  }

  kill(): void {
    if (!this.#exit) this.#control.write(KILL);
  }

  onExit(callback: (exit: LaunchedExit) => void): void {
    this.#onExit = callback;
  }

  onClose(callback: () => void): void {
    this.#onClose = callback;
  }

  #hear(chunk: Buffer): void {
    this.#said += chunk.toString('utf8');
    const lines = this.#said.split('\n');
    this.#said = lines.pop() ?? '';
    for (const line of lines) {
      const [what, ...words] = line.split(' ');
      if (what === 'started') this.#pid = Number(words[0]);
      else if (what === 'failed') this.#ended({ code: null, signal: null });
      else this.#ended(exitOf(Number(words[0]), Number(words[1])));
    }
  }

  /** The first word of its end counts. */
  #ended(exit: LaunchedExit): void {
    if (this.#exit) return;
    this.#exit = exit;
    this.#onExit(exit);
    // From now on its number may come to mean another process.
    this.#control.destroy();
    this.#closedPerhaps();
  }

  #closedPerhaps(): void {
    if (this.#exit && this.#open === 0) this.#onClose();
  }
}

function exitOf(status: number, signal: number): LaunchedExit {
  return signal === 0
    ? { code: status, signal: null }
    : { code: null, signal: SIGNALS.get(signal) ?? 'SIGKILL' };
}
