/** Modules that name the same service become one service with all their functions. */
import type { Findings } from './findings.ts';
import type { ManifestFunction, ManifestService } from './model.ts';
import type { Module } from './modules.ts';
import type { ServiceSettings } from './service.ts';

const SHARED = ['description', 'internetAccess', 'role'] as const;

/** Services and their functions, sorted by name. */
export function mergeModules(modules: readonly Module[], findings: Findings): ManifestService[] {
  const services = new Map<string, { settings: ServiceSettings; functions: ManifestFunction[] }>();
  for (const { service: settings, function: fn } of modules) {
    let service = services.get(settings.name);
    if (service) checkEqual(service.settings, settings, findings);
    else services.set(settings.name, (service = { settings, functions: [] }));
    if (!fn) continue;
    if (service.functions.some((other) => other.name === fn.name)) {
      findings.error(
        'duplicate',
        ['services', fn.module, 'props', 'function', 'name'],
        fn.at,
        `the function ${fn.name} is in the service ${settings.name} twice`,
      );
    }
    service.functions.push(fn);
  }
  return [...services.values()]
    .filter(({ functions }) => functions.length > 0)
    .map(({ settings, functions }) => ({ ...settings, functions: functions.sort(byName) }))
    .sort(byName);
}

/** The one region, for a release goes to one place. */
export function regionOf(modules: readonly Module[], findings: Findings): string | null {
  const [first, ...others] = modules.filter(({ region }) => region !== null);
  for (const { region, regionAt } of others) {
    if (region === first?.region) continue;
    findings.error(
      'region',
      [],
      regionAt,
      `found the region ${region} beside ${first?.region}; one manifest goes to one region`,
    );
  }
  return first?.region ?? null;
}

function checkEqual(a: ServiceSettings, b: ServiceSettings, findings: Findings): void {
  for (const key of SHARED) {
    if (a[key] === b[key]) continue;
    findings.error(
      'service-conflict',
      ['services'],
      b.at,
      `the service ${b.name} has another ${key} here than at line ${a.at.line}; modules that share a service must describe it alike`,
    );
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
