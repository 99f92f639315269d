/** How a function's own server is started (manifests §2.2): members of custom runtimes, refused by name elsewhere. */
import { CA_PORT } from '../names/fc.ts';
import { bringsServer } from '../names/runtimes.ts';
import type { Findings } from './findings.ts';
import type { MapReader } from './map-reader.ts';
import type { ManifestServer } from './model.ts';

const MEMBERS = ['caPort', 'customRuntimeConfig'];

/** Every member that the runtime has, filled in; none for runtimes of a language. */
export function readServer(map: MapReader, runtime: string, findings: Findings): ManifestServer {
  if (!bringsServer(runtime)) {
    for (const key of MEMBERS) {
      const node = map.get(key);
      if (node)
        findings.error(
          'value',
          [...map.path, key],
          node,
          `${key} does not go with the runtime ${runtime}, only with custom runtimes; leave it out`,
        );
    }
    return {};
  }
  const config = map.map('customRuntimeConfig');
  const command = config?.texts('command') ?? [];
  const args = config?.texts('args') ?? [];
  config?.rest();
  return { caPort: map.whole('caPort', CA_PORT), customRuntimeConfig: { command, args } };
}
