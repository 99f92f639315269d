/** What each way of calling functions needs: by event, by HTTP, and from the queue of asynchronous calls. */
import type { Catalog } from '../catalog/catalog.ts';
import type { Runner } from '../invoke/contract.ts';
import type { SeriesRegistry } from '../metrics/series-registry.ts';

export interface Calling {
  readonly catalog: Catalog;
  readonly runner: Runner;
  readonly series: SeriesRegistry;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1): draws the version behind an alias. */
  readonly random: () => number;
}
