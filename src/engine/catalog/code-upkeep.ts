/** Keeps the code store and what refers to it together: what was lost is unpacked again, what nothing needs goes. */
import { ensureError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { Catalog } from './catalog.ts';
import { layersName, type CodeStore } from './code-store.ts';
import type { LayerStore } from './layer-store.ts';
import { codePackages, layerStacks } from './service-state.ts';

/** A package that nothing refers to stays this long: an upload may be on its way into the catalog. */
const MIN_AGE_MS = 60 * 60 * 1_000;

/** Unpacks packages whose folder was lost. One that cannot be is said; the other functions must not wait for it. */
export async function restoreCode(catalog: Catalog, store: CodeStore, log: Logger): Promise<void> {
  const restore = async (names: readonly string[], work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.error(
        { err: ensureError(error), sha256: names },
        'a code package is lost; its functions cannot start',
      );
    }
  };
  for (const sha256 of new Set(packagesOf(catalog))) await restore([sha256], () => store.restore(sha256));
  const stacks = new Map([...stacksOf(catalog)].map((stack) => [layersName(stack), stack]));
  for (const stack of stacks.values()) await restore(stack, () => store.merge(stack));
}

/** Removes unused packages about each hour; returns what ends that. */
export function startCodeSweep(
  catalog: Catalog,
  store: CodeStore,
  layers: LayerStore,
  log: Logger,
): () => void {
  const sweep = async (): Promise<void> => {
    const used = new Set(await layers.codePackages());
    for (const sha256 of packagesOf(catalog)) used.add(sha256);
    for (const stack of stacksOf(catalog)) used.add(layersName(stack));
    await store.sweep((name) => used.has(name), MIN_AGE_MS);
  };
  const timer = setInterval(() => {
    sweep().catch((error: unknown) => log.warn({ err: error }, 'unused code could not be removed'));
  }, MIN_AGE_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function* packagesOf(catalog: Catalog): Generator<string> {
  for (const state of catalog.services.values()) yield* codePackages(state);
}

function* stacksOf(catalog: Catalog): Generator<string[]> {
  for (const state of catalog.services.values()) yield* layerStacks(state);
}
