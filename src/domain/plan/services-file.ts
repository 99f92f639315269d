/**
 * Which services and functions of the manifest an environment releases: how that is written in `sluice.yml`, what must
 * fit together, and what is picked by it. Without the list it is all of them.
 */
import { z } from 'zod';
import type { Finding } from '../finding.ts';
import { didYouMean } from '../names/nearest.ts';
import { findingAt, type Path } from '../yaml/finding-at.ts';
import type { YamlNode } from '../yaml/node.ts';
import { text } from './fields.ts';
import type { KnownService } from './hooks-file.ts';

/** One service of an environment. */
export interface PlanService {
  readonly service: string;
  /** Functions that are released of it; `null`: all. */
  readonly functions: readonly string[] | null;
}

export const services = z
  .array(text('a service, or service/function, of the manifest', 193), {
    error: 'a list of services, or of service/function',
  })
  .min(1, { error: 'one service or more; left out: all of the manifest' })
  .max(200, { error: '200 entries at most' });

/** What is there twice, or both as a whole and in part. */
export function servicesFindings(section: unknown, path: Path, root: YamlNode): Finding[] {
  const parsed = services.safeParse(section);
  if (!parsed.success) return [];
  const entries = parsed.data;
  return entries.flatMap((entry, i): Finding[] => {
    const before = entries.slice(0, i);
    if (before.includes(entry))
      return [findingAt(root, [...path, i], 'duplicate', `${entry} is there twice; leave one out`)];
    const [service = ''] = entry.split('/');
    const isBeside = entry.includes('/')
      ? before.includes(service)
      : before.some((one) => one.startsWith(`${entry}/`));
    return isBeside
      ? [
          findingAt(
            root,
            [...path, i],
            'conflict',
            `found ${entry}, and ${service} both as a whole and in part; allowed: one of the two`,
          ),
        ]
      : [];
  });
}

/** Names that the manifest does not have. */
export function unknownReleased(
  section: readonly string[] | undefined,
  path: Path,
  known: readonly KnownService[],
  root: YamlNode,
): Finding[] {
  return (section ?? []).flatMap((entry, i): Finding[] => {
    const [name = '', fn] = entry.split('/');
    const service = known.find((one) => one.name === name);
    const functions = service?.functions.map((one) => one.name) ?? [];
    if (service && (fn === undefined || functions.includes(fn))) return [];
    const [all, code] = service
      ? [functions.map((one) => `${name}/${one}`), 'unknown-function']
      : [known.map((one) => one.name), 'unknown-service'];
    const [what, unknown] = service ? ['function', entry] : ['service', name];
    const message = `the manifest has no ${what} ${JSON.stringify(unknown)}${didYouMean(unknown, all)}; allowed: ${all.join(', ')}`;
    return [findingAt(root, [...path, i], code, message)];
  });
}

/** `undefined` where the file says nothing. */
export function resolveServices(section: readonly string[] | undefined): readonly PlanService[] | undefined {
  if (!section) return undefined;
  const names = [...new Set(section.map((entry) => entry.split('/')[0] ?? ''))];
  return names.map((service): PlanService => {
    const functions = section.flatMap((entry) =>
      entry.startsWith(`${service}/`) ? [entry.slice(service.length + 1)] : [],
    );
    return { service, functions: functions.length === 0 ? null : functions };
  });
}

/** Of the manifest's services what the plan releases. */
export function pickServices<
  S extends { readonly name: string; readonly functions: readonly { readonly name: string }[] },
>(all: readonly S[], picked: readonly PlanService[] | undefined): readonly S[] {
  if (picked === undefined) return all;
  return all.flatMap((service) => {
    const wanted = picked.find((one) => one.service === service.name);
    if (!wanted) return [];
    const { functions } = wanted;
    if (functions === null) return [service];
    return [{ ...service, functions: service.functions.filter(({ name }) => functions.includes(name)) }];
  });
}

/** For people: `prices, web/render`. */
export function servicesText(picked: readonly PlanService[]): string {
  return picked
    .flatMap(({ service, functions }) => functions?.map((one) => `${service}/${one}`) ?? [service])
    .join(', ');
}
