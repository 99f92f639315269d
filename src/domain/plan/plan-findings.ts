/**
 * What the schema of `sluice.yml` cannot say: names that must be there once, what fits together, what the manifest
 * must have. Works on plain values in whatever shape they came, so that one bad value hides no other error.
 */
import type { Finding } from '../finding.ts';
import { repositoryPath } from '../repository-path.ts';
import { findingAt, type Path } from '../yaml/finding-at.ts';
import type { YamlNode } from '../yaml/node.ts';
import type { EnvironmentFile, PlanFile } from './file-schema.ts';
import { hookFindings, unknownFunctions, type HooksFile, type KnownService } from './hooks-file.ts';
import { metricFindings } from './metrics-file.ts';
import { circleIn } from './order.ts';
import { pickServices, resolveServices, servicesFindings, unknownReleased } from './services-file.ts';

/** @param path where the environment's section stands */
export function planFindings(plain: unknown, path: Path, root: YamlNode): Finding[] {
  const section = valueAt(plain, path);
  const metrics = [...path, 'analysis', 'metrics'];
  return [
    ...pathFindings(plain, root),
    ...stageFindings(plain, root),
    ...circleFindings(plain, root),
    ...holdFindings(valueAt(section, ['steps']), [...path, 'steps'], root),
    ...stepLatencyFindings(section, path, root),
    ...servicesFindings(valueAt(section, ['services']), [...path, 'services'], root),
    ...hookPlaces(section, path).flatMap(([hooks, at]) => hookFindings(hooks, at, root)),
    ...metricFindings(valueAt(plain, metrics), metrics, root),
  ];
}

/** Services and functions that the file names and the manifest does not have. */
export function manifestFindings(
  file: PlanFile,
  path: Path,
  known: readonly KnownService[],
  root: YamlNode,
): Finding[] {
  const section = valueAt(file, path) as EnvironmentFile | undefined;
  const released = pickServices(known, resolveServices(section?.services));
  return [
    ...unknownServices(
      file,
      known.map(({ name }) => name),
      root,
    ),
    ...unknownReleased(section?.services, [...path, 'services'], known, root),
    ...hookPlaces(section, path).flatMap(([hooks, at]) => unknownFunctions(hooks, at, released, root)),
  ];
}

function pathFindings(plain: unknown, root: YamlNode): Finding[] {
  const manifest = valueAt(plain, ['manifest']);
  if (typeof manifest !== 'string' || repositoryPath('', manifest) !== null) return [];
  return [
    findingAt(
      root,
      ['manifest'],
      'path',
      `found ${JSON.stringify(manifest)}; allowed: a path inside the repository, without .. above its root`,
    ),
  ];
}

/** Stage names stand in logs and events, so each is there once. */
function stageFindings(plain: unknown, root: YamlNode): Finding[] {
  const stages = valueAt(plain, ['stages']);
  if (!Array.isArray(stages)) return [];
  const paths = stages.flatMap((entry: unknown, i): Path[] =>
    Array.isArray(entry) ? entry.map((_, j) => ['stages', i, j, 'name']) : [['stages', i, 'name']],
  );
  const seen = new Set<unknown>();
  return paths.flatMap((path) => {
    const name = valueAt(plain, path);
    if (typeof name !== 'string') return [];
    const again = seen.has(name);
    seen.add(name);
    return again
      ? [findingAt(root, path, 'duplicate', `the stage ${name} is there twice; give it another name`)]
      : [];
  });
}

function circleFindings(plain: unknown, root: YamlNode): Finding[] {
  const services = valueAt(plain, ['services']);
  if (typeof services !== 'object' || services === null) return [];
  const needs = Object.fromEntries(
    Object.keys(services).map((name) => {
      const on = valueAt(services, [name, 'dependsOn']);
      return [name, Array.isArray(on) ? on.filter((one) => typeof one === 'string') : []];
    }),
  );
  const circle = circleIn(needs);
  if (circle === null) return [];
  const [first = ''] = circle;
  return [
    findingAt(
      root,
      ['services', first, 'dependsOn'],
      'circle',
      `found a circle, ${circle.join(' → ')}; allowed: services that do not need each other`,
    ),
  ];
}

/** Both the names of services and what they depend on. */
function unknownServices(file: PlanFile, known: readonly string[], root: YamlNode): Finding[] {
  const places = Object.entries(file.services ?? {}).flatMap(([name, { dependsOn = [] }]) => [
    { name, path: ['services', name] },
    ...dependsOn.map((on, i) => ({ name: on, path: ['services', name, 'dependsOn', i] })),
  ]);
  return places
    .filter(({ name }) => !known.includes(name))
    .map(({ name, path }) =>
      findingAt(
        root,
        path,
        'unknown-service',
        `the manifest has no service ${JSON.stringify(name)}; allowed: ${known.join(', ')}`,
      ),
    );
}

/** Where hooks may stand: in the environment, and in each of its steps. */
function hookPlaces(section: unknown, path: Path): (readonly [HooksFile | undefined, Path])[] {
  const steps = valueAt(section, ['steps']);
  const paths: Path[] = [
    ['hooks'],
    ...(Array.isArray(steps) ? steps.map((_, i) => ['steps', i, 'hooks']) : []),
  ];
  // `hookFindings` takes whatever stands there; the rest asks after the file has passed the schema.
  return paths.map((at) => [valueAt(section, at) as HooksFile | undefined, [...path, ...at]]);
}

/** Thresholds of latency are taken before the first step, so a step alone cannot begin to judge it. */
function stepLatencyFindings(section: unknown, path: Path, root: YamlNode): Finding[] {
  const steps = valueAt(section, ['steps']);
  const latency = valueAt(section, ['analysis', 'latency']);
  if (!Array.isArray(steps) || (latency !== undefined && latency !== 'off')) return [];
  return steps.flatMap((_, i): Finding[] => {
    const where = ['steps', i, 'analysis', 'latency'];
    if (valueAt(section, where) === undefined) return [];
    const message =
      'found bounds of latency, which the plan does not judge; allowed: beside analysis.latency of the environment';
    return [findingAt(root, [...path, ...where], 'conflict', message)];
  });
}

function holdFindings(steps: unknown, path: Path, root: YamlNode): Finding[] {
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((_, i) => {
    const step = valueAt(steps, [i]);
    if (typeof step !== 'object' || step === null || 'hold' in step || 'approval' in step) return [];
    return [
      findingAt(
        root,
        [...path, i, 'hold'],
        'missing',
        'is missing; a step needs a hold such as 10m, an approval, or both',
      ),
    ];
  });
}

export function valueAt(plain: unknown, path: Path): unknown {
  let value = plain;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
