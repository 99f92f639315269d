/** What every sandbox of an instance has, however it was started. */

import { randomBytes } from 'node:crypto';

/** Where functions find their layers (guide.md §12). */
export const LAYERS = '/opt';

/** Most processes and threads of an instance (runtimes.md §11, Limits). */
const TASKS = 1024;
/** The sandbox's own: bubblewrap outside, bubblewrap inside. */
const SANDBOX_TASKS = 2;
/** What its cgroup is given. */
export const INSTANCE_TASKS = TASKS + SANDBOX_TASKS;

export function newInstanceId(): string {
  return `c-${randomBytes(12).toString('hex')}`;
}
