/** Where a runtime's shim lies: it is data, not part of the build, so from `dist/` it is found in `src/` beside it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the sandbox shows a shim: outside of every folder that a package or a layer may bring. */
export const SANDBOX_SHIM = '/var/fc/runtime';

/** @param runtime name of the runtime's folder @throws Error where the installation is not whole */
export function shimFolder(runtime: string): string {
  const candidates = [`./${runtime}/shim`, `../../../src/engine/runtimes/${runtime}/shim`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (!found) throw new Error(`the ${runtime} shim is in none of ${candidates.join(', ')}; reinstall Sluice`);
  return found;
}
