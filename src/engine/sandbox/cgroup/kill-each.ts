/** Ending a group where the kernel has no call for it: the v1 freezer, and v2 before Linux 5.14. */
import { signal } from '../signal.ts';
import type { Stopper } from './contract.ts';
import { processesIn } from './files.ts';

/** Ends every process of the group and leaves it thawed. */
export function killEach(stopper: Pick<Stopper, 'folder' | 'setFrozen'>, name: string): void {
  // Frozen, so that nothing forks past the list; a signal to a frozen process waits until it is thawed.
  stopper.setFrozen(name, true);
  for (const pid of processesIn(stopper.folder(name))) signal(pid, 'SIGKILL');
  stopper.setFrozen(name, false);
}
