/**
 * The health check of a function's own server: requests of the engine's beside the calls, each by a connection of its own,
 * because the kept ones belong to calls. The server is well again, or not any more, when so many answers in a row said so.
 */
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { ensureError } from '../../platform/errors.ts';
import type { HealthCheck } from '../invoke/contract.ts';

export interface HealthChecksOptions {
  readonly check: HealthCheck;
  readonly port: number;
  readonly connect: () => Promise<Socket>;
  /** Whether somebody would mind now: an instance that is idle is stopped and answers nobody. */
  isAtWork(): boolean;
  /** It failed so often in a row while calls ran. Said once. */
  onUnhealthy(reason: string): void;
}

interface Fault {
  readonly reason: string;
  /** It did not say so itself. */
  readonly isSilent: boolean;
}

const silence = (reason: string): Fault => ({ reason, isSilent: true });

export class HealthChecks {
  readonly #options: HealthChecksOptions;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #failures = 0;

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  /** Resolves when the server is well for the first time. @throws Error when it failed as often as it may */
  async untilHealthy(): Promise<void> {
    const { check } = this.#options;
    await this.#pause(check.initialDelayMs);
    let good = 0;
    let bad = 0;
    while (!this.#isOver) {
      const fault = await this.#ask();
      good = fault ? 0 : good + 1;
      bad = fault ? bad + 1 : 0;
      if (good >= check.successes) return;
      if (fault && bad >= check.failures) throw new Error(this.#sentence(fault));
      await this.#pause(check.periodMs);
    }
  }

  /** Asks on from now, each period in which calls run. */
  watch(): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => void this.#look(), this.#options.check.periodMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { check } = this.#options;
    if (this.#options.isAtWork()) {
      const fault = await this.#ask();
      if (this.#isOver) return;
      if (!fault) this.#failures = 0;
      // What was stopped meanwhile could not answer.
      else if (!fault.isSilent || this.#options.isAtWork()) this.#failures += 1;
      if (fault && this.#failures >= check.failures) {
        this.stop();
        this.#options.onUnhealthy(this.#sentence(fault));
        return;
      }
    }
    this.watch();
  }

  #sentence({ reason }: Fault): string {
    const { path, failures } = this.#options.check;
    return `its health check GET ${path} failed ${failures} ${failures === 1 ? 'time' : 'times in a row'}: ${reason}`;
  }

  /** What is wrong, or `undefined`: the server answered with a status from 200 to 399 in time. */
  async #ask(): Promise<Fault | undefined> {
    const { check, port, connect } = this.#options;
    let socket: Socket;
    try {
      socket = await connect();
    } catch (error) {
      return silence(ensureError(error).message);
    }
    return new Promise((resolve) => {
      const sent = request({
        path: check.path,
        headers: { host: `127.0.0.1:${port}`, connection: 'close' },
        createConnection: () => socket,
      });
      const late = setTimeout(() => {
        resolve(silence(`no answer within ${check.timeoutMs / 1_000} s`));
        sent.destroy();
      }, check.timeoutMs);
      late.unref();
      const done = (fault: Fault | undefined): void => {
        clearTimeout(late);
        resolve(fault);
        sent.destroy();
      };
      sent.on('response', ({ statusCode = 0 }) =>
        done(
          statusCode >= 200 && statusCode < 400
            ? undefined
            : { reason: `status ${statusCode}`, isSilent: false },
        ),
      );
      sent.on('error', (error) => done(silence(error.message)));
      sent.end();
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms).unref();
    });
  }
}
