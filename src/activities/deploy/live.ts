/** Function Compute's side of a release, in its own terms: aliases as splits, settings as the manifest has them. */
import { memberChanges } from '../../domain/difference/members.ts';
import { CA_PORT, HOOK_TIMEOUT } from '../../domain/names/fc.ts';
import { bringsServer, CONTAINER_RUNTIME } from '../../domain/names/runtimes.ts';
import { NO_HEALTH_CHECK } from '../../domain/manifest/server.ts';
import type { ManifestHook, ManifestServer, ManifestService } from '../../domain/manifest/model.ts';
import type { Split } from '../../domain/release/split.ts';
import type { AliasTarget, FcAlias, FcFunctionConfig, FcService } from '../../fc/client.ts';

/** Where an alias stands. */
export function splitOf({ versionId, additionalVersionWeight }: FcAlias): Split {
  const [version, weight] = Object.entries(additionalVersionWeight)[0] ?? [];
  return {
    main: versionId,
    additional: version !== undefined && weight !== undefined && weight > 0 ? { version, weight } : null,
  };
}

/** What to set an alias to. */
export function targetOf({ main, additional }: Split): AliasTarget {
  return {
    versionId: main,
    additionalVersionWeight: additional === null ? {} : { [additional.version]: additional.weight },
  };
}

/** A service's settings as the API takes them. */
export function serviceSettings({ name, description, internetAccess, role }: ManifestService): FcService {
  return { serviceName: name, description, internetAccess, role };
}

/** True when nothing of the settings would change. */
export function sameService(a: FcService, b: FcService): boolean {
  return memberChanges(a, b).length === 0;
}

/** The settings alone, without what the API adds to them. */
export function functionSettings(config: FcFunctionConfig): FcFunctionConfig {
  const { runtime, handler, description, memorySize, timeout, initializer } = config;
  const { initializationTimeout, instanceConcurrency, environmentVariables } = config;
  return {
    runtime,
    handler,
    description,
    memorySize,
    timeout,
    initializer,
    initializationTimeout,
    instanceConcurrency,
    environmentVariables,
    instanceLifecycleConfig: {
      preFreeze: hookSettings(config.instanceLifecycleConfig?.preFreeze),
      preStop: hookSettings(config.instanceLifecycleConfig?.preStop),
    },
    ...(bringsServer(runtime) ? serverSettings(config) : {}),
  };
}

/** A hook that is not there has no time limit that matters. */
function hookSettings(hook: ManifestHook | undefined): ManifestHook {
  return hook && hook.handler !== '' ? hook : { handler: '', timeout: HOOK_TIMEOUT.default };
}

/** Other runtimes have no server, whatever the API fills in. */
function serverSettings(config: FcFunctionConfig): ManifestServer {
  const { customRuntimeConfig, customContainerConfig, customHealthCheckConfig: check } = config;
  const common = {
    caPort: config.caPort ?? CA_PORT.default,
    customHealthCheckConfig: check && check.httpGetUrl !== '' ? check : NO_HEALTH_CHECK,
  };
  if (config.runtime === CONTAINER_RUNTIME) {
    const { image = '', command: entry = '', args: words = '' } = customContainerConfig ?? {};
    return { ...common, customContainerConfig: { image, command: entry, args: words } };
  }
  const { command = [], args = [] } = customRuntimeConfig ?? {};
  return { ...common, customRuntimeConfig: { command, args } };
}

/** True when nothing of the settings would change. */
export function sameFunction(a: FcFunctionConfig, b: FcFunctionConfig): boolean {
  return memberChanges(functionSettings(a), functionSettings(b)).length === 0;
}
