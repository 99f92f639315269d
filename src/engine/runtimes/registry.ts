/** All runtime ids of runtimes.md §1 and what serves each on this host. */
import { performance } from 'node:perf_hooks';
import { CONTAINER } from './container/runtime.ts';
import { CUSTOM } from './custom/runtime.ts';
import { DOTNET } from './dotnet/runtime.ts';
import { JAVA } from './java/runtime.ts';
import { NODEJS } from './nodejs/runtime.ts';
import { PHP } from './php/runtime.ts';
import { PYTHON } from './python/runtime.ts';
import {
  unserved,
  type HostSettings,
  type MissingRuntime,
  type Runtime,
  type RuntimeFamily,
  type RuntimeState,
} from './runtime.ts';

const FAMILIES: readonly RuntimeFamily[] = [DOTNET, JAVA, NODEJS, PHP, PYTHON, CUSTOM, CONTAINER];

/** How long "missing" is believed: what an operator installs meanwhile serves without a restart. */
const MISSING_MS = 10_000;

export type RuntimeLookup =
  | { readonly found: true; readonly runtime: Runtime }
  | { readonly found: false; readonly reason: string };

export class RuntimeRegistry {
  readonly #host: HostSettings;
  readonly #families = new Map(FAMILIES.flatMap((family) => family.ids.map((id) => [id, family] as const)));
  readonly #looked = new Map<string, { readonly runtime: Runtime | MissingRuntime; readonly atMs: number }>();

  constructor(host: HostSettings) {
    this.#host = host;
  }

  find(id: string): RuntimeLookup {
    const runtime = this.#look(id);
    return 'protocol' in runtime ? { found: true, runtime } : { found: false, reason: runtime.state.reason };
  }

  /**
   * What the first call of a runtime has to wait for, e.g. a download; `undefined` where it need not. Settles also when
   * that failed: `find` says then what there is.
   */
  prepare(id: string): Promise<void> | undefined {
    const preparing = this.#families.get(id)?.prepare?.(id, this.#host);
    return preparing?.finally(() => this.#looked.delete(id));
  }

  /** Every id with its state, for `GET /readyz`. */
  states(): Record<string, RuntimeState> {
    const states: Record<string, RuntimeState> = {};
    for (const id of this.#families.keys()) states[id] = this.#look(id).state;
    return states;
  }

  #look(id: string): Runtime | MissingRuntime {
    const now = performance.now();
    const last = this.#looked.get(id);
    if (last && ('protocol' in last.runtime || now - last.atMs < MISSING_MS)) return last.runtime;
    const runtime =
      this.#families.get(id)?.look(id, this.#host) ?? unserved(id, 'is not known to this engine');
    this.#looked.set(id, { runtime, atMs: now });
    return runtime;
  }
}
