/** How a function's own server is started (manifests §2.2): members of custom runtimes, refused by name elsewhere. */
import { CA_PORT, HEALTH_CHECK_PATH_RULE, HEALTH_CHECK_RANGES, isHealthCheckPath } from '../names/fc.ts';
import { bringsServer, CONTAINER_RUNTIME } from '../names/runtimes.ts';
import type { Findings } from './findings.ts';
import type { MapReader } from './map-reader.ts';
import type { ManifestHealthCheck, ManifestServer } from './model.ts';

const MEMBERS = ['caPort', 'customRuntimeConfig', 'customContainerConfig', 'customHealthCheckConfig'];

/** What FC takes for a server that nobody asks. */
export const NO_HEALTH_CHECK: ManifestHealthCheck = {
  httpGetUrl: '',
  initialDelaySeconds: HEALTH_CHECK_RANGES.initialDelaySeconds.default,
  periodSeconds: HEALTH_CHECK_RANGES.periodSeconds.default,
  timeoutSeconds: HEALTH_CHECK_RANGES.timeoutSeconds.default,
  failureThreshold: HEALTH_CHECK_RANGES.failureThreshold.default,
  successThreshold: HEALTH_CHECK_RANGES.successThreshold.default,
};

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
  const common = { caPort: map.whole('caPort', CA_PORT), customHealthCheckConfig: readHealthCheck(map) };
  if (runtime === CONTAINER_RUNTIME) {
    misplaced(map, runtime, ['customRuntimeConfig', 'codeUri'], findings);
    return { ...common, ...readContainer(map) };
  }
  misplaced(map, runtime, ['customContainerConfig'], findings);
  const config = map.map('customRuntimeConfig');
  const command = config?.texts('command') ?? [];
  const args = config?.texts('args') ?? [];
  config?.rest();
  return { ...common, customRuntimeConfig: { command, args } };
}

function readHealthCheck(map: MapReader): ManifestHealthCheck {
  const config = map.map('customHealthCheckConfig');
  if (!config) return NO_HEALTH_CHECK;
  const httpGetUrl = config.textOr('httpGetUrl', '', {
    rule: HEALTH_CHECK_PATH_RULE,
    allows: isHealthCheckPath,
  });
  const whole = (key: keyof typeof HEALTH_CHECK_RANGES) => config.whole(key, HEALTH_CHECK_RANGES[key]);
  const check = {
    httpGetUrl,
    initialDelaySeconds: whole('initialDelaySeconds'),
    periodSeconds: whole('periodSeconds'),
    timeoutSeconds: whole('timeoutSeconds'),
    failureThreshold: whole('failureThreshold'),
    successThreshold: whole('successThreshold'),
  };
  config.rest();
  return httpGetUrl === '' ? NO_HEALTH_CHECK : check;
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
