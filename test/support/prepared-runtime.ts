/** Runtimes whose parts are fetched or built on first use, ready before a test runs. */
import type { RuntimeState } from '../../src/engine/runtimes/runtime.ts';
import { RuntimeRegistry } from '../../src/engine/runtimes/registry.ts';
import { NodeFetching } from '../../src/engine/runtimes/nodejs/fetching.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { createLog } from '../../src/platform/log.ts';

/** What serves the id on this machine, after everything was tried. */
export async function prepareRuntime(id: string): Promise<RuntimeState> {
  const { cache, runtimes: interpreters } = loadConfig();
  const fetching = new NodeFetching(cache, createLog('test', 'error'));
  const registry = new RuntimeRegistry({ interpreters, cache, fetching });
  await registry.prepare(id);
  const lookup = registry.find(id);
  return lookup.found ? lookup.runtime.state : { state: 'missing', reason: lookup.reason };
}
