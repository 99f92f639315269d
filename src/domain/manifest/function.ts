/** `props.function` of edition 1.0.0 (manifests §2.2): FC's names, units and ranges, every default filled in. */
import {
  DESCRIPTION_MAX,
  ENVIRONMENT_BYTES_MAX,
  FUNCTION_RANGES,
  isEnvironmentVariableName,
  isFunctionName,
  MEMORY_UNIT_MB,
  NAME_RULE,
} from '../names/fc.ts';
import {
  bringsServer,
  CONTAINER_RUNTIME,
  isConcurrent,
  isRuntime,
  isSupportedRuntime,
  SUPPORTED_RUNTIMES,
} from '../names/runtimes.ts';
import { folderOf, repositoryPath } from '../repository-path.ts';
import { utf8Length } from '../utf8-length.ts';
import { describe } from '../yaml/node.ts';
import { handlerRule } from './handler.ts';
import { readLifecycle } from './lifecycle.ts';
import type { Findings } from './findings.ts';
import type { MapReader } from './map-reader.ts';
import type { CodeFolder, ManifestFunction, ManifestFunctionConfig } from './model.ts';
import { imageDigest, readServer } from './server.ts';

const UNSUPPORTED = [
  'asyncConfiguration',
  'cpu',
  'customDNS',
  'customDomains',
  'diskSize',
  'gpuMemorySize',
  'instanceSoftConcurrency',
  'instanceType',
  'layers',
  'ossBucket',
  'ossKey',
  'provisionConfig',
  'triggers',
];

/** What Serverless Devs leaves out of every package. */
const ALWAYS_IGNORED = [
  '.git',
  '.svn',
  '.env',
  '.DS_Store',
  'template.packaged.yml',
  '.nas.yml',
  '.s/nas',
  '.s/tmp',
  '.s/package',
];

const ARCHIVE = /\.(zip|war|jar)$/i;

/** The function, or `null` when an error was reported without which it makes no sense. */
export function readFunction(
  map: MapReader,
  module: string,
  file: string,
  findings: Findings,
): ManifestFunction | null {
  const name = map.text('name', { rule: NAME_RULE, allows: isFunctionName });
  const config = readConfig(map, findings);
  const code =
    config?.runtime === CONTAINER_RUNTIME
      ? { imageDigest: imageDigest(config) }
      : readCode(map, file, findings);
  map.refuse(UNSUPPORTED, { instanceType: 'e1', diskSize: '512' });
  map.rest();
  if (name === null || config === null || code === null) return null;
  return { name, module, config, code, at: map.node.at };
}

function readCode(map: MapReader, file: string, findings: Findings): CodeFolder | null {
  const path = readCodePath(map, file, findings);
  return path === null ? null : { path, ignore: ALWAYS_IGNORED };
}

function readConfig(map: MapReader, findings: Findings): ManifestFunctionConfig | null {
  const runtime = readRuntime(map, findings);
  const rule = handlerRule(runtime);
  const handlerKey = map.get('handler') || !map.get('Handler') ? 'handler' : 'Handler';
  // A server of its own has one entrance, whatever the handler says.
  const handler =
    runtime !== null && bringsServer(runtime)
      ? map.textOr(handlerKey, 'index.handler', rule)
      : map.text(handlerKey, rule);
  const description = map.textOr('description', '', {
    rule: `a text of ${DESCRIPTION_MAX} characters at most`,
    allows: (text) => text.length <= DESCRIPTION_MAX,
  });
  const { memorySize, timeout, initializationTimeout, instanceConcurrency } = FUNCTION_RANGES;
  const config = {
    description,
    memorySize: map.whole('memorySize', memorySize, MEMORY_UNIT_MB),
    timeout: map.whole('timeout', timeout),
    initializer: map.textOr('initializer', '', rule),
    initializationTimeout: map.whole('initializationTimeout', initializationTimeout),
    // FC takes 0 for "not said".
    instanceConcurrency:
      map.whole('instanceConcurrency', {
        ...instanceConcurrency,
        min: 0,
        max: runtime === null || isConcurrent(runtime) ? instanceConcurrency.max : 1,
      }) || 1,
    environmentVariables: readEnvironment(map, findings),
    instanceLifecycleConfig: readLifecycle(map, runtime),
  };
  if (runtime === null || handler === null) return null;
  return { runtime, handler, ...config, ...readServer(map, runtime, findings) };
}

function readRuntime(map: MapReader, findings: Findings): string | null {
  const runtime = map.text('runtime', {
    rule: `a runtime: ${SUPPORTED_RUNTIMES.join(', ')}`,
    allows: isRuntime,
  });
  const node = map.get('runtime');
  if (runtime !== null && node && !isSupportedRuntime(runtime)) {
    findings.error(
      'unsupported',
      [...map.path, 'runtime'],
      node,
      `the runtime ${runtime} is not supported yet; allowed: ${SUPPORTED_RUNTIMES.join(', ')}`,
    );
  }
  return runtime;
}

/** Scalars become texts as they are written; values are never quoted in a message, for they may be secrets. */
function readEnvironment(map: MapReader, findings: Findings): Record<string, string> {
  const variables = map.map('environmentVariables');
  if (variables?.node.kind !== 'map') return {};
  const result: Record<string, string> = {};
  for (const { key, keyAt, value } of variables.node.entries) {
    const path = [...variables.path, key];
    if (!isEnvironmentVariableName(key)) {
      findings.error(
        'value',
        path,
        keyAt,
        'the name of a variable begins with a letter; letters, digits and _ follow',
      );
    } else if (value.kind !== 'scalar') {
      findings.error(
        'value',
        path,
        value,
        `found ${describe(value)}; allowed: a text, a number, true or false`,
      );
    } else if (value.value === null) {
      findings.error('value', path, value, 'found nothing; write "" for an empty text');
    } else {
      result[key] = value.source;
    }
  }
  const bytes = Object.entries(result).reduce(
    (sum, [key, value]) => sum + utf8Length(key) + utf8Length(value),
    0,
  );
  if (bytes > ENVIRONMENT_BYTES_MAX) {
    findings.error(
      'value',
      variables.path,
      variables.node,
      `the variables have ${bytes} bytes together; allowed: ${ENVIRONMENT_BYTES_MAX}`,
    );
  }
  return result;
}

function readCodePath(map: MapReader, file: string, findings: Findings): string | null {
  const written = map.text('codeUri', {
    rule: 'a folder, as seen from the manifest',
    allows: (text) => text.trim() !== '' && text.length <= 500,
  });
  const node = map.get('codeUri');
  if (written === null || !node) return null;
  const at = [...map.path, 'codeUri'];
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) {
    findings.error(
      'unsupported',
      at,
      node,
      `code from ${written.slice(0, written.indexOf(':'))}:// is not supported yet; allowed: a folder of the repository`,
    );
    return null;
  }
  const path = repositoryPath(folderOf(file), written);
  if (path === null) {
    findings.error(
      'path',
      at,
      node,
      `found ${describe(node)}; allowed: a folder inside the repository, relative to the manifest`,
    );
  } else if (ARCHIVE.test(path)) {
    findings.error(
      'unsupported',
      at,
      node,
      `a ready-made archive (${path}) is not supported yet; allowed: a folder`,
    );
  }
  return path;
}
