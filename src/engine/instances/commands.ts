/** The commands that run in one instance beside its calls (InstanceExec). */
import { ensureError } from '../../platform/errors.ts';
import { RefusedError } from '../invoke/contract.ts';
import { SandboxedCommand, type CommandSpec } from '../sandbox/command.ts';
import { helperState } from '../sandbox/perl-helper.ts';
import type { InstanceProcess } from '../sandbox/process.ts';

/** They share the function's memory and processes. */
const MOST = 4;

export class Commands {
  #running = 0;
  #started = 0;
  readonly #onOver: () => void;

  /** @param onOver called when one of them is over */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  get size(): number {
    return this.#running;
  }

  /** @throws RefusedError where there are too many, or nothing can be run in a sandbox */
  start(process: InstanceProcess, spec: CommandSpec): SandboxedCommand {
    if (process.spec.sandbox === 'off')
      throw new RefusedError(
        502,
        'SandboxNotAvailable',
        'commands run in the sandbox of an instance, and SLUICE_SANDBOX=off leaves it out; mend: switch it on',
      );
    const helper = helperState();
    if (!helper.available)
      throw new RefusedError(502, 'SandboxNotAvailable', `a command in an instance ${helper.reason}`);
    if (this.#running >= MOST)
      throw new RefusedError(429, 'ResourceExhausted', `${MOST} commands run in the instance already`);
    this.#started += 1;
    let command: SandboxedCommand;
    try {
      command = new SandboxedCommand(process, `command-${this.#started}`, spec);
    } catch (error) {
      throw new RefusedError(
        404,
        'InstanceNotFound',
        `the instance has ended: ${ensureError(error).message}`,
      );
    }
    this.#running += 1;
    command.onOver(() => {
      this.#running -= 1;
      this.#onOver();
    });
    return command;
  }
}
