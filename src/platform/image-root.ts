/**
 * Programs of this host inside a sandbox whose root is a foreign image. They prepare the start as root, so nothing of the
 * image may take part: they are run by the host's own loader, with its own libraries, from a folder that no image has.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

/** Below the image's root: where it has this host's `/usr`. */
export const IMAGE_HOST_FOLDER = '.fc';

const LOADERS = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1'];

/** The host's loader by its real path; `undefined` where this is no glibc system with all libraries below `/usr`. */
export function hostLoader(): string | undefined {
  const found = LOADERS.find((path) => existsSync(path));
  const real = found === undefined ? undefined : realpathSync(found);
  return real?.startsWith('/usr/') ? real : undefined;
}

/** The command line that runs a program of this host. @param program its path, e.g. `/usr/bin/setpriv` */
export function hostProgram(program: string): [string, ...string[]] {
  const loader = hostLoader();
  if (loader === undefined)
    throw new Error('this host has no loader that could run its programs in an image');
  const inside = (path: string): string => `/${IMAGE_HOST_FOLDER}${path}`;
  return [
    inside(loader),
    '--inhibit-cache',
    '--library-path',
    inside(dirname(loader)),
    inside(realpathSync(program)),
  ];
}
