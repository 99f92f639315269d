/**
 * Reads a manifest of Serverless Devs edition 1.0.0 into the model. Whatever Sluice cannot do is refused by name, with
 * line and column; nothing is dropped silently. Other families are recognised and refused as what they are.
 */
import { loadYaml } from '../yaml/load.ts';
import { member, type YamlNode } from '../yaml/node.ts';
import { familyFinding } from './family.ts';
import { Findings } from './findings.ts';
import { checkHooks } from './hooks.ts';
import { checkTexts } from './inline-secrets.ts';
import { MapReader } from './map-reader.ts';
import { mergeModules, regionOf } from './merge.ts';
import type { Finding, Manifest } from './model.ts';
import { readModule, type Module } from './modules.ts';
import { Variables } from './variables.ts';

export interface ManifestSource {
  /** Path in the repository; code paths are relative to its folder. */
  readonly file: string;
  readonly text: string;
  /** The release's variables, for `${env(X)}`. */
  readonly variables: Readonly<Record<string, string>>;
}

export type ParsedManifest = { readonly manifest: Manifest } | { readonly findings: readonly Finding[] };

/** The model with its warnings, or everything that is wrong. */
export function parseManifest({ file, text, variables }: ManifestSource): ParsedManifest {
  const loaded = loadYaml(text, file);
  if ('findings' in loaded) return { findings: loaded.findings };
  const { root } = loaded;
  const foreign = familyFinding(root);
  if (foreign) return { findings: [foreign] };
  const findings = new Findings();
  checkTexts(root, [], findings);
  const modules = readModules(root, file, variables, findings);
  const region = regionOf(modules, findings);
  const services = mergeModules(modules, findings);
  let sorted = findings.sorted();
  if (services.length === 0 && !sorted.some(isError)) {
    findings.error(
      'no-function',
      ['services'],
      member(root, 'services') ?? root,
      'no module has a function; there is nothing to release',
    );
    sorted = findings.sorted();
  }
  if (sorted.some(isError)) return { findings: sorted };
  return { manifest: { family: 'serverless-devs-1', file, region, services, findings: sorted } };
}

function readModules(
  root: YamlNode,
  file: string,
  variables: Readonly<Record<string, string>>,
  findings: Findings,
): Module[] {
  const top = new MapReader(root, [], findings);
  for (const key of ['edition', 'name', 'vars']) top.get(key);
  top.ignore(['access'], 'credentials come from Sluice');
  top.refuse(['extend', 'extends']);
  const actions = top.get('actions');
  if (actions) checkHooks(actions, ['actions'], findings);
  const services = top.map('services');
  top.rest();
  if (!services) {
    findings.error('missing', ['services'], root, 'is missing; allowed: a map of modules (component, props)');
    return [];
  }
  if (services.node.kind !== 'map') return [];
  const resolver = new Variables(root, variables, findings);
  return services.node.entries.flatMap((entry) => readModule(entry, file, resolver, findings) ?? []);
}

function isError({ level }: Finding): boolean {
  return level === 'error';
}
