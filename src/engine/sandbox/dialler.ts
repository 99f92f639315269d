/**
 * Connections to servers on the loopback of instances' own network namespaces. One small helper process for the whole
 * engine (`dialler.pl`) makes them; the engine then reads and writes them itself. Instances are named by an open
 * descriptor of their namespace, never by a path or a process number that could come to mean something else.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Nothing takes connections there (yet). */
export class NotListeningError extends Error {
  override readonly name = 'NotListeningError';
}

type Settle = (result: Socket | Error) => void;

export const PERL = '/usr/bin/perl';
/** Machines whose system call numbers `dialler.pl` has. */
const MACHINES: readonly string[] = ['x64', 'arm64'];
/** `<number> <errno> <reason>` */
const ANSWER = /^(\d+) (\d+) (.*)$/;

/** Whether this host can run the helper. `reason` goes behind a subject: "runtime … needs perl …". */
export function diallerState():
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

export class Dialler {
  readonly #waiting = new Map<number, Settle>();
  #helper: ChildProcess | undefined;
  #next = 0;

  /**
   * A connection to `127.0.0.1:port` in the namespace.
   *
   * @param namespace descriptor of this process, open on `/proc/N/ns/net`
   * @param waitMs how long to go on trying while nothing listens there
   * @throws NotListeningError when nothing listens; any other Error when the namespace cannot be entered
   */
  dial(namespace: number, port: number, waitMs: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      this.#next += 1;
      const number = this.#next;
      this.#waiting.set(number, (result) => {
        if (result instanceof Socket) resolve(result);
        else reject(result);
      });
      this.#helper ??= this.#spawn();
      this.#helper.send(`${number} ${namespace} ${port} ${waitMs}`, (error) => {
        if (error) this.#settle(number, error);
      });
    });
  }

  close(): void {
    this.#helper?.kill();
  }

  #spawn(): ChildProcess {
    // Compiled code runs from `dist/`; what is not TypeScript stays in `src/`.
    const beside = fileURLToPath(new URL('./dialler.pl', import.meta.url));
    const script = existsSync(beside)
      ? beside
      : fileURLToPath(new URL('../../../src/engine/sandbox/dialler.pl', import.meta.url));
    const helper = spawn(PERL, [script], { env: {}, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    helper.on('message', (message, handle) => this.#onMessage(message, handle));
    const gone = (): void => {
      if (this.#helper !== helper) return;
      this.#helper = undefined;
      for (const number of this.#waiting.keys()) this.#settle(number, new Error('the dialler ended'));
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
    if (handle instanceof Socket) this.#settle(Number(number), handle);
    else if (Number(errno) === constants.errno.ECONNREFUSED)
      this.#settle(Number(number), new NotListeningError(reason));
    else this.#settle(Number(number), new Error(reason));
  }

  #settle(number: number, result: Socket | Error): void {
    const settle = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (settle) settle(result);
    else if (result instanceof Socket) result.destroy();
  }
}
