/** What runs of a function: the instances of a qualifier, and how many of them are provisioned. */
import type { FunctionAddress } from '../http/function-address.ts';
import { json, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import type { Runner } from '../invoke/contract.ts';
import { attachmentsOf } from './attachments.ts';
import type { Catalog } from './catalog.ts';
import { sharesOf } from './instance-bounds.ts';
import type { Provisioned } from './provision-configs.ts';
import { qualifiedFunction } from './qualified.ts';

export function instanceOperations(catalog: Catalog, runner: Runner): Operation[] {
  return [
    {
      name: 'ListInstances',
      method: 'GET',
      path: '/services/{service}/functions/{function}/instances',
      query: ['limit', 'nextToken'],
      run(call) {
        const { service, qualifier, function: name } = qualifiedFunction(catalog, call);
        const versions = new Map<string, number>();
        for (const { target } of sharesOf(catalog.find(service), qualifier, name, 0))
          for (const id of runner.instances(target.revision.key).ready)
            versions.set(id, Number(target.revision.versionId));
        const { items, ...rest } = pageOfNames(call, versions.keys());
        return json({
          instances: items.map((instanceId) => ({ instanceId, versionId: versions.get(instanceId) })),
          ...rest,
        });
      },
    },
  ];
}

/** How many warm instances a qualifier has of those that it asks for. */
export function countProvisioned(catalog: Catalog, runner: Runner, of: FunctionAddress): Provisioned {
  const state = catalog.find(of.service);
  /** Instances of a revision that qualifiers before this one count as theirs. */
  const taken = new Map<string, number>();
  for (const { name: qualifier, config } of attachmentsOf(state, 'provision', of.function)) {
    let current = 0;
    let currentError = '';
    for (const { target, share } of sharesOf(state, qualifier, of.function, config.target)) {
      const { key } = target.revision;
      const { ready, provisionError } = runner.instances(key);
      const before = taken.get(key) ?? 0;
      const mine = Math.max(0, Math.min(share, ready.length - before));
      taken.set(key, before + mine);
      current += mine;
      currentError ||= provisionError;
    }
    if (qualifier === of.qualifier) return { current, currentError };
  }
  return { current: 0, currentError: '' };
}
