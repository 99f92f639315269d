/** Puts together what an instance is started with: command, environment, mounts, and the constants of its context. */
import type { SandboxMode } from '../../platform/config.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Revision } from '../invoke/contract.ts';
import { instanceEnvironment } from '../runtimes/environment.ts';
import { PROTOCOL_VERSION, type Credentials, type StartMessage } from '../runtimes/protocol.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { Dialler } from '../sandbox/dialler.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import { InstanceProcess, SANDBOX_CODE } from '../sandbox/process.ts';
import { FramedLink } from './framed-link.ts';
import { HttpLink } from './http-link.ts';
import { hostParts, LAYERS, newInstanceId, shimCommand } from './instance-parts.ts';
import type { InstanceLink, LinkEvents } from './link.ts';
import { freePort, serverConnector } from './server-connector.ts';
import type { Readiness } from './start-up.ts';
import type { Stock } from './stock.ts';
import { suits, waitingKind } from './waiting-kind.ts';

export interface InstanceSettings {
  readonly sandbox: SandboxMode;
  readonly region: string;
  readonly accountId: string;
  readonly maxPayloadBytes: number;
  readonly host: SandboxHost;
  /** Where the images of containers are, prepared before an instance is started. */
  readonly images: ImageStore;
  /** Runtimes that wait for a function. */
  readonly stock: Stock;
  /** Reaches the servers of functions that have one. */
  readonly dialler: Dialler;
  /** How long a function's server may take until it listens. */
  readonly listenMs: number;
}

/** A started process and how to talk to it. */
export interface StartedInstance {
  /** Also the name of its cgroup. */
  readonly id: string;
  readonly process: InstanceProcess;
  readonly link: (events: LinkEvents) => InstanceLink;
  readonly readiness: Readiness;
}

/**
 * Part of its share of the CPU that an instance has until it is ready. To start is a tenth of a second of computing: some starts
 * at once would take from the instances that answer callers what they need to do so in time.
 */
const STARTING_CPU_SHARE = 1 / 8;
/** From spawn to a shim's `ready`; an idle machine needs 60 ms. */
const SHIM_READINESS: Readiness = { limitMs: 30_000, missing: 'it was not ready' };

/** Functions get none until services have roles (runtimes.md §7: empty strings then). */
const NO_CREDENTIALS: Credentials = { accessKeyId: '', accessKeySecret: '', securityToken: '' };

export function startInstance(
  revision: Revision,
  runtime: Runtime,
  qualifier: string,
  settings: InstanceSettings,
): StartedInstance {
  const instanceId = newInstanceId();
  const { sandbox, region, accountId, listenMs, host } = settings;
  const isSandboxed = sandbox === 'on';
  const codeFolder = isSandboxed ? SANDBOX_CODE : revision.codeFolder;
  const port = isSandboxed || runtime.protocol === 'frames' ? revision.server.port : freePort();
  const image = revision.image && settings.images.ready(revision.image);
  // It must never run on this host's system instead.
  if (revision.image && !image) throw new Error(`image '${revision.image.reference}' was not prepared`);
  const env = instanceEnvironment({
    revision,
    runtime,
    credentials: NO_CREDENTIALS,
    instanceId,
    qualifier,
    region,
    accountId,
    port,
    image: image?.start.environment,
    codeFolder,
  });
  const message = startMessage(revision, runtime, settings, codeFolder);
  const kind = isSandboxed ? waitingKind(revision, runtime, codeFolder) : undefined;
  const waiting = kind && suits(kind, revision, env) ? settings.stock.take(kind) : undefined;
  if (waiting) {
    const { id, process } = waiting;
    const environment = { ...env, FC_INSTANCE_ID: id };
    const furnished = settings.stock.furnish(waiting, revision, environment);
    return {
      id,
      process,
      link: (events) => new FramedLink(process, { ...message, environment }, events, furnished),
      readiness: SHIM_READINESS,
    };
  }
  const { memoryMb } = revision;
  const limits = { memoryMb, cpuShare: memoryMb * STARTING_CPU_SHARE };
  const common = {
    sandbox,
    mounts:
      revision.layerFolder === ''
        ? runtime.mounts
        : [...runtime.mounts, { from: revision.layerFolder, to: LAYERS }],
    env,
    codeFolder: revision.codeFolder,
    image: image && { root: image.root, folder: image.start.folder },
    ...hostParts(host, instanceId, limits, revision),
  };
  if (runtime.protocol === 'frames') {
    const command = shimCommand(isSandboxed ? runtime.command : runtime.bareCommand, runtime, memoryMb);
    const process = new InstanceProcess({ ...common, command, hasChannel: true });
    const link = (events: LinkEvents): InstanceLink => new FramedLink(process, message, events);
    return { id: instanceId, process, link, readiness: SHIM_READINESS };
  }
  const command = runtime.serverCommand(revision, codeFolder, image?.start);
  const process = new InstanceProcess({ ...common, command, hasChannel: false });
  const connect = serverConnector(process, isSandboxed ? settings.dialler : undefined, port);
  const { instanceConcurrency } = revision;
  const { healthCheck } = revision.server;
  return {
    id: instanceId,
    process,
    link: (events) =>
      new HttpLink({ process, connect, port, instanceConcurrency, message, healthCheck }, events),
    readiness: { limitMs: listenMs, missing: `port ${port} was not open` },
  };
}

function startMessage(
  revision: Revision,
  runtime: Runtime,
  { maxPayloadBytes, region, accountId }: InstanceSettings,
  codeFolder: string,
): StartMessage {
  return {
    protocol: PROTOCOL_VERSION,
    runtime: runtime.id,
    handler: revision.handler,
    initializer: revision.initializer,
    hooks: { preFreeze: revision.hooks.preFreeze.handler, preStop: revision.hooks.preStop.handler },
    instanceConcurrency: revision.instanceConcurrency,
    maxPayloadBytes,
    codeFolder,
    context: {
      credentials: NO_CREDENTIALS,
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
  };
}
