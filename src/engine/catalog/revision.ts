/** From a stored function to the immutable revision that runs: made once, by `targets.ts`, never on a warm call. */
import { canonicalJson } from '../../domain/canonical-json.ts';
import { createHash } from 'node:crypto';
import { CA_PORT, HOOK_TIMEOUT } from '../../domain/names/fc.ts';
import { CONTAINER_RUNTIME } from '../../domain/names/runtimes.ts';
import type { Hook, ImagePin, Revision, ServerSettings } from '../invoke/contract.ts';
import { commandLine } from './container-config.ts';
import { nameResolutionOf } from './dns-config.ts';
import { healthCheckOf } from './health-check-config.ts';
import type { FunctionConfig } from './function-config.ts';
import { layersName } from './code-store.ts';
import type { FunctionRecord, ServiceRecord } from './records.ts';
import { jaegerEndpointOf } from './service-config.ts';

/**
 * The revision of one function.
 *
 * @param versionId version number, or empty for LATEST
 * @param folderOf absolute folder of an unpacked package, or of several over each other
 */
export function revisionOf(
  service: ServiceRecord,
  record: FunctionRecord,
  versionId: string,
  folderOf: (name: string) => string,
): Revision {
  const { config, code } = record;
  const layers = record.layers.map((layer) => layer.code.sha256);
  // What an instance is started with. A new description must not cost a cold start; a service that was deleted and
  // made again must not meet the old one's instances.
  const identity = {
    serviceId: service.id,
    role: service.config.role,
    logConfig: service.config.logConfig,
    internetAccess: service.config.internetAccess,
    tracing: service.config.tracingConfig,
    functionId: record.id,
    config: { ...config, description: '' },
    code: code.sha256,
    layers,
  };
  const digest = createHash('sha256').update(canonicalJson(identity)).digest('hex').slice(0, 24);
  return Object.freeze({
    key: `${service.name}/${record.name}@${versionId || 'LATEST'}:${digest}`,
    service: service.name,
    function: record.name,
    versionId,
    runtime: config.runtime,
    handler: config.handler,
    initializer: config.initializer,
    timeoutMs: config.timeout * 1_000,
    initializationTimeoutMs: config.initializationTimeout * 1_000,
    hooks: Object.freeze({
      preFreeze: hookOf(config.instanceLifecycleConfig?.preFreeze),
      preStop: hookOf(config.instanceLifecycleConfig?.preStop),
    }),
    memoryMb: config.memorySize,
    instanceConcurrency: config.instanceConcurrency,
    environment: Object.freeze({ ...config.environmentVariables }),
    server: Object.freeze(serverSettings(config)),
    image: imageOf(record),
    codeChecksum: code.checksum,
    codeFolder: folderOf(code.sha256),
    layerFolder: layers.length === 0 ? '' : folderOf(layersName(layers)),
    logProject: service.config.logConfig.project,
    logStore: service.config.logConfig.logstore,
    internetAccess: service.config.internetAccess,
    nameResolution: nameResolutionOf(config.customDNS),
    jaegerEndpoint: jaegerEndpointOf(service.config),
  });
}

function hookOf(config: { readonly handler: string; readonly timeout: number } | undefined): Hook {
  return { handler: config?.handler ?? '', timeoutMs: (config?.timeout ?? HOOK_TIMEOUT.default) * 1_000 };
}

function serverSettings({
  runtime,
  caPort,
  customRuntimeConfig,
  customContainerConfig,
  customHealthCheckConfig,
}: FunctionConfig): ServerSettings {
  const port = caPort ?? CA_PORT.default;
  const healthCheck = healthCheckOf(customHealthCheckConfig);
  if (runtime === CONTAINER_RUNTIME) {
    const { command = '', args = '' } = customContainerConfig ?? {};
    return { command: commandLine(command), args: commandLine(args), port, healthCheck };
  }
  const { command = [], args = [] } = customRuntimeConfig ?? {};
  return { command, args, port, healthCheck };
}

function imageOf({ config, code }: FunctionRecord): ImagePin | undefined {
  if (config.runtime !== CONTAINER_RUNTIME) return undefined;
  return Object.freeze({ reference: config.customContainerConfig?.image ?? '', pin: code.sha256 });
}
