/** `custom-container`: an image from a registry serves HTTP as a custom runtime does. Nothing of this host is in it. */
import { hostLoader } from '../../../platform/image-root.ts';
import { ImageError } from '../../images/image-error.ts';
import { findSkopeo } from '../../images/skopeo.ts';
import { helperState } from '../../sandbox/perl-helper.ts';
import {
  unserved,
  type Command,
  type MissingRuntime,
  type RuntimeFamily,
  type ServerRuntime,
} from '../runtime.ts';

export const CONTAINER: RuntimeFamily = { ids: ['custom-container'], look };

function look(id: string): ServerRuntime | MissingRuntime {
  const dialler = helperState();
  if (!dialler.available) return unserved(id, dialler.reason);
  if (findSkopeo() === undefined)
    return unserved(
      id,
      'needs skopeo on the engine host to pull images; found: none. Install it: apt-get install skopeo',
    );
  if (hostLoader() === undefined)
    return unserved(id, 'needs a host with glibc and a merged /usr, as Debian 12 has');
  return {
    id,
    protocol: 'http',
    state: { state: 'exact', version: 'images by skopeo' },
    mounts: [],
    path: [],
    environment: () => ({}),
    serverCommand({ server }, _codeFolder, image): Command {
      const entrypoint = server.command.length > 0 ? server.command : (image?.entrypoint ?? []);
      // As in every container system, an entry point of one's own does without the image's arguments.
      const own = server.command.length > 0 ? [] : (image?.command ?? []);
      const [first, ...rest] = [...entrypoint, ...(server.args.length > 0 ? server.args : own)];
      if (first === undefined)
        throw new ImageError('it has neither entry point nor command; set command in customContainerConfig');
      return [first, ...rest];
    },
  };
}
