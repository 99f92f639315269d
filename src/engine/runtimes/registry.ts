/** All runtime ids of runtimes.md §1 and what serves each on this host. */
import { nodejsRuntime, NODEJS_IDS } from './nodejs/runtime.ts';
import type { Runtime, RuntimeState } from './runtime.ts';

/** What the ids without a shim would need; said to whoever calls such a function. */
const NEEDS: Readonly<Record<string, string>> = {
  'python2.7': 'python 2.7',
  python3: 'python >= 3.6',
  'python3.9': 'python >= 3.9',
  'python3.10': 'python >= 3.10',
  java8: 'a JRE >= 8',
  java11: 'a JRE >= 11',
  'php7.2': 'php >= 7.2',
  'dotnetcore2.1': 'a .NET Core runtime >= 2.1',
  custom: 'the HTTP protocol of custom runtimes',
  'custom.debian10': 'the HTTP protocol of custom runtimes',
  'custom-container': 'a container runtime',
};

export type RuntimeLookup =
  | { readonly found: true; readonly runtime: Runtime }
  | { readonly found: false; readonly reason: string };

export class RuntimeRegistry {
  readonly #runtimes: ReadonlyMap<string, Runtime> = new Map(NODEJS_IDS.map((id) => [id, nodejsRuntime(id)]));

  find(id: string): RuntimeLookup {
    const runtime = this.#runtimes.get(id);
    return runtime ? { found: true, runtime } : { found: false, reason: missing(id) };
  }

  /** Every id with its state, for `GET /readyz`. */
  states(): Record<string, RuntimeState> {
    const states: Record<string, RuntimeState> = {};
    for (const [id, runtime] of this.#runtimes) states[id] = runtime.state;
    for (const id of Object.keys(NEEDS)) states[id] = { state: 'missing', reason: missing(id) };
    return states;
  }
}

function missing(id: string): string {
  const need = NEEDS[id];
  if (!need) return `runtime '${id}' is not known to this engine`;
  return `runtime '${id}' needs ${need} on the engine host; found: none that this engine can drive`;
}
