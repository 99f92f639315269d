/** From what is put for aliases and versions to how many instances each revision may and must have. */
import type { InstanceBounds, Revision } from '../invoke/contract.ts';
import { attachmentsOf } from './attachments.ts';
import type { ServiceState } from './service-state.ts';
import type { Target } from './targets.ts';

export interface Bounded {
  readonly revision: Revision;
  readonly bounds: InstanceBounds;
}

/** Bounds by revision key, of those revisions that have any. */
export function instanceBounds(state: ServiceState | undefined): Map<string, Bounded> {
  const found = new Map<string, Bounded>();
  if (!state || state.attachments.size === 0) return found;
  const add = ({ revision }: Target, change: Partial<InstanceBounds>, qualifier: string): void => {
    const before = found.get(revision.key)?.bounds;
    const ceilings = [before?.onDemand, change.onDemand].filter((ceiling) => ceiling !== undefined);
    found.set(revision.key, {
      revision,
      bounds: {
        provisioned: (before?.provisioned ?? 0) + (change.provisioned ?? 0),
        onDemand: ceilings.length === 0 ? undefined : Math.min(...ceilings),
        qualifier: before?.qualifier ?? qualifier,
      },
    });
  };
  for (const { name: qualifier, function: functionName, config } of attachmentsOf(state, 'provision'))
    for (const { target, share } of sharesOf(state, qualifier, functionName, config.target))
      add(target, { provisioned: share }, qualifier);
  for (const { name: qualifier, function: functionName, config } of attachmentsOf(state, 'on-demand'))
    for (const { target } of sharesOf(state, qualifier, functionName, 0))
      add(target, { onDemand: config.maximumInstanceCount }, qualifier);
  return found;
}

/**
 * Who stands behind a qualifier, with their part of `count`: an alias with a weight divides by it, the further version
 * rounded up, so that the first call to it is warm.
 */
export function sharesOf(
  state: ServiceState,
  qualifier: string,
  functionName: string,
  count: number,
): { readonly target: Target; readonly share: number }[] {
  const { versionId, additional } = state.splits.get(qualifier) ?? { versionId: qualifier, additional: null };
  const further = additional ? Math.ceil(count * additional.weight) : 0;
  const named = [
    [versionId, count - further],
    [additional?.versionId, further],
  ] as const;
  return named.flatMap(([id, share]) => {
    const deployment = id === 'LATEST' ? state.latest : state.deployments.get(id ?? '');
    const target = deployment?.targets.get(functionName);
    return target ? [{ target, share }] : [];
  });
}
