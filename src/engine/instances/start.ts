/** Puts together what an instance is started with: command, environment, mounts, and the constants of its context. */
import type { SandboxMode } from '../../platform/config.ts';
import type { Revision } from '../invoke/contract.ts';
import { instanceEnvironment } from '../runtimes/environment.ts';
import { PROTOCOL_VERSION, type Credentials, type StartMessage } from '../runtimes/protocol.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { InstanceProcess, SANDBOX_CODE } from '../sandbox/process.ts';

export interface InstanceSettings {
  readonly sandbox: SandboxMode;
  readonly region: string;
  readonly accountId: string;
  readonly maxPayloadBytes: number;
  /** File with the seccomp program of sandboxes; empty: none. */
  readonly seccompFile: string;
}

/** Functions get none until services have roles (runtimes.md §7: empty strings then). */
const NO_CREDENTIALS: Credentials = { accessKeyId: '', accessKeySecret: '', securityToken: '' };

export function startInstanceProcess(
  revision: Revision,
  runtime: Runtime,
  qualifier: string,
  instanceId: string,
  settings: InstanceSettings,
): { process: InstanceProcess; start: StartMessage } {
  const { sandbox, region, accountId } = settings;
  const codeFolder = sandbox === 'on' ? SANDBOX_CODE : revision.codeFolder;
  const credentials = NO_CREDENTIALS;
  const env = instanceEnvironment({
    revision,
    runtime,
    credentials,
    instanceId,
    qualifier,
    region,
    accountId,
    codeFolder,
  });
  const process = new InstanceProcess({
    sandbox,
    command: sandbox === 'on' ? runtime.command : runtime.bareCommand,
    mounts: runtime.mounts,
    env,
    codeFolder: revision.codeFolder,
    seccompFile: settings.seccompFile,
  });
  return {
    process,
    start: {
      protocol: PROTOCOL_VERSION,
      runtime: runtime.id,
      handler: revision.handler,
      initializer: revision.initializer,
      instanceConcurrency: revision.instanceConcurrency,
      maxPayloadBytes: settings.maxPayloadBytes,
      codeFolder,
      context: {
        credentials,
        function: {
          name: revision.function,
          handler: revision.handler,
          memory: revision.memoryMb,
          timeout: revision.timeoutMs / 1000,
          initializer: revision.initializer,
          initializationTimeout: revision.initializationTimeoutMs / 1000,
        },
        service: {
          name: revision.service,
          logProject: revision.logProject,
          logStore: revision.logStore,
          versionId: revision.versionId,
        },
        region,
        accountId,
      },
    },
  };
}
