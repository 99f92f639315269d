/**
 * A small Perl program that does for the engine what Node.js cannot: enter other namespaces (setns), which needs a child
 * that can be thrown away. Perl, because every Debian has it. Asked over the channel of child_process.fork; started when
 * first needed, and again when it has died.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface HelperAnswer {
  /** 0: it went well. */
  readonly errno: number;
  readonly reason: string;
  /** A connection that came with the answer. */
  readonly socket: Socket | undefined;
}

type Settle = (result: HelperAnswer | Error) => void;

export const PERL = '/usr/bin/perl';
/** Machines whose system call numbers the scripts have. */
const MACHINES: readonly string[] = ['x64', 'arm64'];
/** `<number> <errno> <reason>` */
const ANSWER = /^(\d+) (\d+) (.*)$/;

/** Whether this host can run such programs. `reason` goes behind a subject: "runtime … needs perl …". */
export function helperState():
  | { readonly available: true }
  | { readonly available: false; readonly reason: string } {
  if (!existsSync(PERL))
    return {
      available: false,
      reason: 'needs perl on the engine host; found: none. Install it: apt-get install perl-base',
    };
  if (!MACHINES.includes(process.arch))
    return {
      available: false,
      reason: `needs a machine of the kinds ${MACHINES.join(', ')}, not ${process.arch}`,
    };
  return { available: true };
}

/**
 * Compiled code runs from `dist/`; what is not TypeScript stays in `src/`.
 *
 * @param name of the script beside this file, without its ending
 */
export function perlScript(name: string): string {
  const beside = fileURLToPath(new URL(`./${name}.pl`, import.meta.url));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL(`../../../src/engine/sandbox/${name}.pl`, import.meta.url));
}

export class PerlHelper {
  readonly #name: string;
  readonly #waiting = new Map<number, Settle>();
  #child: ChildProcess | undefined;
  #next = 0;

  /** @param name of its script, as `perlScript` takes it */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * @param question words for the script, behind the number that its answer names
   * @throws Error when the helper cannot be asked or ends meanwhile
   */
  ask(question: string): Promise<HelperAnswer> {
    return new Promise((resolve, reject) => {
      this.#next += 1;
      const number = this.#next;
      this.#waiting.set(number, (result) => {
        if (result instanceof Error) reject(result);
        else resolve(result);
      });
      this.start().send(`${number} ${question}`, (error) => {
        if (error) this.#settle(number, error);
      });
    });
  }

  /** Makes it be there before the first question. */
  start(): ChildProcess {
    this.#child ??= this.#spawn();
    return this.#child;
  }

  close(): void {
    this.#child?.kill();
  }

  #spawn(): ChildProcess {
    const helper = spawn(PERL, [perlScript(this.#name)], {
      env: {},
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    helper.on('message', (message, handle) => this.#onMessage(message, handle));
    const gone = (): void => {
      if (this.#child !== helper) return;
      this.#child = undefined;
      for (const number of this.#waiting.keys()) this.#settle(number, new Error(`the ${this.#name} ended`));
    };
    helper.on('error', gone);
    helper.on('exit', gone);
    // Idle, it keeps nobody's process alive.
    helper.unref();
    helper.channel?.unref();
    return helper;
  }

  #onMessage(message: unknown, handle: unknown): void {
    const [, number, errno, reason = ''] = (typeof message === 'string' && ANSWER.exec(message)) || [];
    if (number === undefined) return;
    const socket = handle instanceof Socket ? handle : undefined;
    this.#settle(Number(number), { errno: Number(errno), reason, socket });
  }

  #settle(number: number, result: HelperAnswer | Error): void {
    const settle = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (settle) settle(result);
    else if (!(result instanceof Error)) result.socket?.destroy();
  }
}
