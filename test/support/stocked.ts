/** The same functions, each from a runtime that waited for it: a runner whose stock is full before a new one is called. */
import { vi } from 'vitest';
import { waitingKind } from '../../src/engine/instances/waiting-kind.ts';
import type { Revision } from '../../src/engine/invoke/contract.ts';
import { RuntimeRegistry } from '../../src/engine/runtimes/registry.ts';
import { createFunctionRunner, type FunctionRunner } from './function-runner.ts';

/** Where instances come from: a start of their own, or a runtime that waited. */
export const WAYS = ['ordinary', 'stock'] as const;
export type Way = (typeof WAYS)[number];

export function createRunnerOf(
  way: Way,
  ...[limits = {}, ...rest]: Parameters<typeof createFunctionRunner>
): FunctionRunner {
  if (way === 'ordinary') return createFunctionRunner(limits, ...rest);
  const functions = createFunctionRunner({ ...limits, waiting: 1, waitingMs: 3_600_000 }, ...rest);
  const [, host] = rest;
  const { interpreters = {}, cache = '' } = host ?? {};
  return stocked(functions, new RuntimeRegistry({ interpreters, cache }));
}

function stocked(functions: FunctionRunner, registry: RuntimeRegistry): FunctionRunner {
  const { runner } = functions;
  const kinds = new Set<string>();
  const met = new Set<string>();
  const fill = async (revision: Revision): Promise<void> => {
    if (met.has(revision.key)) return;
    met.add(revision.key);
    const lookup = registry.find(revision.runtime);
    const kind = lookup.found ? waitingKind(revision, lookup.runtime, '/code') : undefined;
    if (!kind) throw new Error(`nothing waits for a function of ${revision.runtime}`);
    if (!kinds.has(kind.key)) {
      kinds.add(kind.key);
      const none = { handler: '', timeoutMs: 1 };
      const hooks = { preFreeze: none, preStop: none };
      // Its runtime starts, its handler does not exist: nothing of the function runs before its time.
      const twin = {
        ...revision,
        key: `first of ${kind.key}`,
        function: 'first',
        handler: 'none.none',
        initializer: '',
        hooks,
      };
      await functions.invoke({ ...twin, environment: {} });
      runner.retire(twin.key);
    }
    // One of a kind at most: so many, and each kind has one.
    await vi.waitUntil(() => runner.stats.waiting === kinds.size, { timeout: 30_000, interval: 10 });
  };
  return {
    ...functions,
    async invoke(revision, call) {
      await fill(revision);
      return functions.invoke(revision, call);
    },
    async request(revision, head, call) {
      await fill(revision);
      return functions.request(revision, head, call);
    },
  };
}
