/**
 * The life-cycle hooks of one instance (runtimes.md §13): run one at a time, never beside a call, each within its own
 * time, in brackets of its own in the log. A hook that fails is told there and changes nothing else.
 */
import { randomUUID } from 'node:crypto';
import type { HookName, Revision } from '../invoke/contract.ts';
import { FromInstance, type FromInstanceType } from '../runtimes/protocol.ts';
import { seconds } from './failures.ts';
import { INITIALIZER_CALL } from './in-flight.ts';
import type { InstanceLink } from './link.ts';
import type { InstanceOutput, LineOwner } from './output.ts';

/** The initializer is over before any hook, and its number free. */
const HOOK_CALL = INITIALIZER_CALL;

const TITLES: Readonly<Record<HookName, string>> = { preFreeze: 'PreFreeze', preStop: 'PreStop' };

export interface HooksOptions {
  readonly revision: Revision;
  readonly output: InstanceOutput;
  readonly link: InstanceLink;
}

export class Hooks {
  readonly #options: HooksOptions;
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
    const requestId = randomUUID();
    const owner: LineOwner = { requestId, qualifier: output.latest.qualifier, call: undefined };
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => this.#finish?.(`, Error: Function timed out after ${seconds(timeoutMs)} seconds`),
        timeoutMs,
      );
      timer.unref();
      this.#owner = owner;
      this.#finish = (ending) => {
        clearTimeout(timer);
        this.#finish = undefined;
        output.endOf(HOOK_CALL);
        output.line(owner, `FC ${TITLES[name]} End RequestId: ${requestId}${ending}`);
        resolve();
      };
      output.latest = owner;
      output.line(owner, `FC ${TITLES[name]} Start RequestId: ${requestId}`);
      link.hook(HOOK_CALL, owner, name);
    });
  }

  /** The shim's answer; a late one changes nothing. */
  onAnswer(type: FromInstanceType): void {
    const kind = type === FromInstance.handledError ? 'Handled' : 'Unhandled';
    this.#finish?.(type === FromInstance.result ? '' : `, Error: ${kind} function error`);
  }

  onExit(cause: string): void {
    this.#finish?.(`, Error: ${cause}`);
  }
}
