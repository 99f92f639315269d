/**
 * Shows folders inside a sandbox that runs already and waits for the function that it will be. One small helper process
 * for the whole engine (`mounter.pl`) enters the sandbox's mount namespace and leaves it again; nothing of the host is
 * reachable from inside at any time but the folders themselves, read-only.
 */
import type { Mount } from '../../platform/sandbox.ts';
import type { SandboxMode } from '../../platform/config.ts';
import { helperState, PerlHelper } from './perl-helper.ts';

export class Mounter {
  readonly #helper = new PerlHelper('mounter');

  /** Makes the helper be there before the first sandbox needs it. */
  start(): void {
    this.#helper.start();
  }

  /**
   * Call it only while no code but ours has run in the sandbox: whoever can change its folders could lead a mount astray.
   *
   * @param namespace descriptor of this process, open on `/proc/N/ns/mnt`
   * @param mounts each `to` is made where it is missing
   * @throws Error when a folder cannot be shown
   */
  async show(namespace: number, mounts: readonly Mount[]): Promise<void> {
    const words = mounts.flatMap(({ from, to }) => [hex(from), hex(to)]);
    const { errno, reason } = await this.#helper.ask(`${namespace} ${words.join(' ')}`);
    if (errno !== 0) throw new Error(reason);
  }

  close(): void {
    this.#helper.close();
  }
}

/** Whether it goes here: only root can take a folder off the host's tree. */
export function canShowFolders(sandbox: SandboxMode): boolean {
  return sandbox === 'on' && process.getuid?.() === 0 && helperState().available;
}

/** Paths may have any characters, the helper's words have none but these. */
function hex(path: string): string {
  return Buffer.from(path).toString('hex');
}
