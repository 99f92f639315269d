/**
 * The life-cycle hooks of one instance (runtimes.md §13): run one at a time, never beside a call, each within its own
 * time, in brackets of its own in the log. A hook that fails is told there and changes nothing else.
 */
import { randomUUID } from 'node:crypto';
import type { HookName, Revision } from '../invoke/contract.ts';
import { FromInstance, type FromInstanceType } from '../runtimes/protocol.ts';
import { seconds } from './failures.ts';
import { LAST_CALL } from './in-flight.ts';
import type { InstanceLink } from './link.ts';
import type { InstanceOutput, LineOwner } from './output.ts';

/** Each hook has a number of its own, so that the late answer of one is not taken for the next one's. */
export const FIRST_HOOK_CALL = LAST_CALL + 1;

const TITLES: Readonly<Record<HookName, string>> = { preFreeze: 'PreFreeze', preStop: 'PreStop' };

export interface HooksOptions {
  readonly revision: Revision;
  readonly output: InstanceOutput;
  readonly link: InstanceLink;
}

export class Hooks {
  readonly #options: HooksOptions;
  #next = FIRST_HOOK_CALL;
  /** Ends the hook that runs, with what its end line adds. */
  #finish: ((ending: string) => void) | undefined;
  #owner: LineOwner | undefined;

  constructor(options: HooksOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#finish !== undefined;
  }

  has(name: HookName): boolean {
    return this.#options.revision.hooks[name].handler !== '';
  }

  /** Whom lines of the running hook are written for. */
  get owner(): LineOwner | undefined {
    return this.#owner;
  }

  /** Runs a hook that the function has, while no other runs; settles when it is over, well or not. */
  run(name: HookName): Promise<void> {
    const { output, link, revision } = this.#options;
    const { timeoutMs } = revision.hooks[name];
    const number = this.#next;
    this.#next += 1;
    const requestId = randomUUID();
    const owner: LineOwner = { requestId, qualifier: output.latest.qualifier, call: undefined };
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        link.forget(number);
        this.#finish?.(`, Error: Function timed out after ${seconds(timeoutMs)} seconds`);
      }, timeoutMs);
      timer.unref();
      this.#owner = owner;
      this.#finish = (ending) => {
        clearTimeout(timer);
        this.#finish = undefined;
        output.endOf(number);
        output.endOfPipes();
        output.line(owner, `FC ${TITLES[name]} End RequestId: ${requestId}${ending}`);
        resolve();
      };
      output.endOfPipes();
      output.latest = owner;
      output.line(owner, `FC ${TITLES[name]} Start RequestId: ${requestId}`);
      link.hook(number, owner, name);
    });
  }

  /** The shim's answer; a late one changes nothing. Returns a reason when it cannot be one. */
  onAnswer(type: FromInstanceType, number: number): string | undefined {
    if (number >= this.#next) return `it answered hook ${number}, which does not exist`;
    if (number !== this.#next - 1) return undefined;
    const kind = type === FromInstance.handledError ? 'Handled' : 'Unhandled';
    this.#finish?.(type === FromInstance.result ? '' : `, Error: ${kind} function error`);
    return undefined;
  }

  onExit(cause: string): void {
    this.#finish?.(`, Error: ${cause}`);
  }
}
