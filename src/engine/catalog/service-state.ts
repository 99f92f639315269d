/**
 * One service with everything in it, immutable: a write makes the next state and the catalog swaps it in, so that a
 * call in flight never sees half a change.
 */
import type { Revision } from '../invoke/contract.ts';
import { aliasNotFound, functionNotFound, versionNotFound } from '../http/api-error.ts';
import { isVersionId, LATEST } from '../../domain/names/fc.ts';
import { CONTAINER_RUNTIME } from '../../domain/names/runtimes.ts';
import { splitOf } from './aliases.ts';
import type { AliasRecord, FunctionRecord, ServiceRecord, TriggerRecord, VersionRecord } from './records.ts';
import { attachmentsOf, type AttachmentMap } from './attachments.ts';
import { drawVersion, type Split } from './split.ts';
import { Targets, type Target } from './targets.ts';
import type { HttpTriggerConfig } from './trigger-config.ts';

/** What is stored of a service. */
export interface ServiceParts {
  /** Number of the newest write, decimal. */
  readonly generation: string;
  readonly nextVersion: number;
  readonly service: ServiceRecord;
  readonly functions: ReadonlyMap<string, FunctionRecord>;
  readonly versions: ReadonlyMap<string, VersionRecord>;
  readonly aliases: ReadonlyMap<string, AliasRecord>;
  /** By `triggerKey`. */
  readonly triggers: ReadonlyMap<string, TriggerRecord>;
  /** By `attachmentKey`. */
  readonly attachments: AttachmentMap;
}

/** A version, or LATEST, ready to be called. */
export interface Deployment {
  readonly version: string;
  readonly service: ServiceRecord;
  readonly functions: ReadonlyMap<string, FunctionRecord>;
  readonly targets: Targets;
}

export interface ServiceState extends ServiceParts {
  readonly latest: Deployment;
  readonly deployments: ReadonlyMap<string, Deployment>;
  /** How each alias divides its calls. */
  readonly splits: ReadonlyMap<string, Split>;
  /** Only VPCs may call: the first of them. */
  readonly boundVpc: string | undefined;
  /** HTTP triggers as requests find them, by `httpTriggerKey`. */
  readonly httpTriggers: ReadonlyMap<string, HttpTrigger>;
}

/** The trigger that lets HTTP requests through to a function as called by one qualifier. */
export interface HttpTrigger extends HttpTriggerConfig {
  readonly name: string;
}

/** No name has a slash. */
export function triggerKey(functionName: string, name: string): string {
  return `${functionName}/${name}`;
}

export function httpTriggerKey(functionName: string, qualifier: string): string {
  return `${functionName}/${qualifier}`;
}

/** Prepares what changed against `before`; the rest is taken over, with its warm instances and counters. */
export function buildState(
  parts: ServiceParts,
  before: ServiceState | undefined,
  folderOf: (sha256: string) => string,
): ServiceState {
  const isLatestSame = before?.functions === parts.functions && before.service === parts.service;
  const deployments = new Map<string, Deployment>();
  for (const [id, version] of parts.versions) {
    const known = before?.versions.get(id) === version ? before.deployments.get(id) : undefined;
    const functions = known?.functions ?? new Map(version.functions.map((record) => [record.name, record]));
    deployments.set(id, known ?? deploy(id, version.service, functions, undefined, folderOf));
  }
  const latest = isLatestSame
    ? before.latest
    : deploy(LATEST, parts.service, parts.functions, before?.latest, folderOf);
  const httpTriggers =
    before?.triggers === parts.triggers ? before.httpTriggers : indexHttpTriggers(parts.triggers);
  const splits =
    before?.aliases === parts.aliases
      ? before.splits
      : new Map([...parts.aliases].map(([name, { config }]) => [name, splitOf(config)]));
  const boundVpc =
    before?.attachments === parts.attachments ? before.boundVpc : attachmentsOf(parts, 'binding')[0]?.name;
  return { ...parts, latest, deployments, splits, boundVpc, httpTriggers };
}

function indexHttpTriggers(triggers: ReadonlyMap<string, TriggerRecord>): Map<string, HttpTrigger> {
  const found = new Map<string, HttpTrigger>();
  for (const { type, name, function: functionName, qualifier, config } of triggers.values())
    if (type === 'http') found.set(httpTriggerKey(functionName, qualifier), { ...config, name });
  return found;
}

function deploy(
  version: string,
  service: ServiceRecord,
  functions: ReadonlyMap<string, FunctionRecord>,
  before: Deployment | undefined,
  folderOf: (sha256: string) => string,
): Deployment {
  const targets = new Targets({ version, service, functions, folderOf }, before?.targets);
  return { version, service, functions, targets };
}

/** What a qualifier names; for an alias with a weight its main version. */
export function deploymentOf(state: ServiceState, qualifier: string): Deployment {
  const alias = state.aliases.get(qualifier);
  return deploymentNamed(state, alias ? alias.config.versionId : qualifier);
}

/** What answers a call: an alias draws between its versions. */
export function targetOf(
  state: ServiceState,
  qualifier: string,
  functionName: string,
  random: () => number,
): Target {
  let deployment: Deployment;
  if (qualifier === LATEST) deployment = state.latest;
  else {
    const split = state.splits.get(qualifier);
    deployment = deploymentNamed(state, split ? drawVersion(split, random) : qualifier);
  }
  const target = deployment.targets.get(functionName);
  if (!target) throw functionNotFound(state.service.name, functionName);
  return target;
}

function deploymentNamed(state: ServiceState, qualifier: string): Deployment {
  if (qualifier === LATEST) return state.latest;
  const deployment = state.deployments.get(qualifier);
  if (deployment) return deployment;
  const { name } = state.service;
  throw isVersionId(qualifier) ? versionNotFound(name, qualifier) : aliasNotFound(name, qualifier);
}

/** Keys of the revisions of a state of which something may run. */
export function revisionKeys(state: ServiceState | undefined): Set<string> {
  const keys = new Set<string>();
  if (!state) return keys;
  for (const { targets } of allDeployments(state))
    for (const { revision } of targets.made()) keys.add(revision.key);
  return keys;
}

/** SHA-256 of every code package that a state refers to. */
export function* codePackages(state: ServiceState): Generator<string> {
  for (const { code, config, layers } of allFunctions(state)) {
    if (config.runtime !== CONTAINER_RUNTIME) yield code.sha256;
    for (const layer of layers) yield layer.code.sha256;
  }
}

/** Layers that lie over each other in a function of the state, as their packages. */
export function* layerStacks(state: ServiceState): Generator<string[]> {
  for (const { layers } of allFunctions(state))
    if (layers.length > 0) yield layers.map(({ code }) => code.sha256);
}

/** Revisions of the containers that LATEST has. */
export function latestContainers(state: ServiceState | undefined): Revision[] {
  const containers = [...(state?.latest.functions.values() ?? [])].filter(
    ({ config }) => config.runtime === CONTAINER_RUNTIME,
  );
  return containers.flatMap(({ name }) => state?.latest.targets.get(name)?.revision ?? []);
}

/** Pins of all images that the service's functions and versions run. */
export function* imagePins(state: ServiceState): Generator<string> {
  for (const { code, config } of allFunctions(state))
    if (config.runtime === CONTAINER_RUNTIME) yield code.sha256;
}

function* allFunctions(state: ServiceState): Generator<FunctionRecord> {
  for (const { functions } of allDeployments(state)) yield* functions.values();
}

function allDeployments({ latest, deployments }: ServiceState): Deployment[] {
  return [latest, ...deployments.values()];
}
