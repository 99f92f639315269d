/** `services` of edition 1.0.0: each module is one service with at most one function. */
import type { YamlEntry } from '../yaml/node.ts';
import { checkHooks } from './hooks.ts';
import { readFunction } from './function.ts';
import { MapReader } from './map-reader.ts';
import type { ManifestFunction, Position } from './model.ts';
import { readService, type ServiceSettings } from './service.ts';
import type { Findings } from './findings.ts';
import type { Variables } from './variables.ts';

export interface Module {
  readonly region: string | null;
  readonly regionAt: Position;
  readonly service: ServiceSettings;
  readonly function: ManifestFunction | null;
}

const OURS = /^(devsapp\/)?(fc|fc-deploy)(@\S+)?$/;
const LATER = /^(devsapp\/)?fc3(-domain)?(@\S+)?$/;

/** A module, or `null` when it is another component's or an error was reported. */
export function readModule(
  { key, value }: YamlEntry,
  file: string,
  variables: Variables,
  findings: Findings,
): Module | null {
  const path = ['services', key];
  if (!isOurs(new MapReader(value, path, findings), key, findings)) return null;
  const module = new MapReader(variables.resolve(value, key, path), path, findings);
  module.get('component');
  module.ignore(['access'], 'credentials come from Sluice');
  module.refuse(['extend', 'extends']);
  const actions = module.get('actions');
  if (actions) checkHooks(actions, [...path, 'actions'], findings);
  const props = module.map('props');
  module.rest();
  if (!props) {
    findings.error(
      'missing',
      [...path, 'props'],
      value,
      'is missing; allowed: a map of region, service, function',
    );
    return null;
  }
  return readProps(props, key, file, findings);
}

function isOurs(module: MapReader, key: string, findings: Findings): boolean {
  if (module.node.kind !== 'map') return false;
  const component = module.text('component', { rule: 'fc', allows: (text) => text.trim() !== '' });
  const node = module.get('component');
  if (component === null || !node) return false;
  if (OURS.test(component)) return true;
  const path = [...module.path, 'component'];
  if (LATER.test(component)) {
    findings.error(
      'unsupported',
      path,
      node,
      `the component ${component} belongs to edition 3.0.0, which is not read yet; allowed: fc`,
    );
  } else {
    findings.warn(
      'foreign-component',
      path,
      node,
      `the module ${key} is ignored: ${component} is no component of Function Compute`,
    );
  }
  return false;
}

function readProps(props: MapReader, key: string, file: string, findings: Findings): Module | null {
  const region = props.text('region', {
    rule: 'a region such as cn-hangzhou',
    allows: (text) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(text),
  });
  const regionAt = props.get('region')?.at ?? props.node.at;
  const serviceMap = props.map('service');
  if (!serviceMap) {
    findings.error(
      'missing',
      [...props.path, 'service'],
      props.node,
      'is missing; allowed: a map of name, description, …',
    );
  }
  const service = serviceMap ? readService(serviceMap) : null;
  const functionMap = props.map('function');
  const fn = functionMap ? readFunction(functionMap, key, file, findings) : null;
  props.refuse(['triggers', 'customDomains']);
  props.rest();
  return service ? { region, regionAt, service, function: fn } : null;
}
