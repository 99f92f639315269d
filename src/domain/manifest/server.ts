/** How a function's own server is started (manifests §2.2): members of custom runtimes, refused by name elsewhere. */
import { CA_PORT } from '../names/fc.ts';
import { bringsServer, CONTAINER_RUNTIME } from '../names/runtimes.ts';
import type { Findings } from './findings.ts';
import type { MapReader } from './map-reader.ts';
import type { ManifestServer } from './model.ts';

const MEMBERS = ['caPort', 'customRuntimeConfig', 'customContainerConfig'];

const IMAGE = {
  rule: 'an image by its digest, for example registry.example/team/app@sha256:…, because a tag may move and a version must not (skopeo inspect docker://NAME says the digest)',
  allows: (text: string) => text.length <= 512 && /^\S+@sha256:[0-9a-f]{64}$/.test(text),
};
const COMMAND_LINE = {
  rule: `a JSON array of texts, as text: '["node", "server.js"]'`,
  allows: isCommandLine,
};

/** Every member that the runtime has, filled in; none for runtimes of a language. */
export function readServer(map: MapReader, runtime: string, findings: Findings): ManifestServer {
  if (!bringsServer(runtime)) {
    misplaced(map, runtime, MEMBERS, findings);
    return {};
  }
  const caPort = map.whole('caPort', CA_PORT);
  if (runtime === CONTAINER_RUNTIME) {
    misplaced(map, runtime, ['customRuntimeConfig', 'codeUri'], findings);
    return { caPort, ...readContainer(map) };
  }
  misplaced(map, runtime, ['customContainerConfig'], findings);
  const config = map.map('customRuntimeConfig');
  const command = config?.texts('command') ?? [];
  const args = config?.texts('args') ?? [];
  config?.rest();
  return { caPort, customRuntimeConfig: { command, args } };
}

/** SHA-256 of a container's image, 64 hex digits; empty where its name has no digest. */
export function imageDigest({ customContainerConfig }: ManifestServer): string {
  return customContainerConfig?.image.split('@sha256:')[1] ?? '';
}

function readContainer(map: MapReader): ManifestServer {
  const config = map.map('customContainerConfig');
  if (!config) {
    map.text('customContainerConfig', { rule: 'a map with the image', allows: () => false });
    return {};
  }
  const image = config.text('image', IMAGE) ?? '';
  const command = config.textOr('command', '', COMMAND_LINE);
  const args = config.textOr('args', '', COMMAND_LINE);
  config.refuse(['accelerationType', 'instanceID', 'webServerMode'], {
    accelerationType: 'Default',
    webServerMode: 'true',
  });
  config.rest();
  return { customContainerConfig: { image, command, args } };
}

function misplaced(map: MapReader, runtime: string, keys: readonly string[], findings: Findings): void {
  for (const key of keys) {
    const node = map.get(key);
    if (node)
      findings.error(
        'value',
        [...map.path, key],
        node,
        `${key} does not go with the runtime ${runtime}; leave it out`,
      );
  }
}

function isCommandLine(text: string): boolean {
  if (text === '') return true;
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === 'string' && !word.includes('\0'));
  } catch {
    return false;
  }
}
