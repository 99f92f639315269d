/** What the engine needs to know of a runtime: whether this host can serve it, and how an instance of it is started. */
import type { Mount } from '../../platform/sandbox.ts';

/** Whether an id can be served here. `compatible`: by another version of the language, which the instance's log says. */
export type RuntimeState =
  | { readonly state: 'exact' | 'compatible'; readonly version: string }
  | { readonly state: 'missing'; readonly reason: string };

export interface Runtime {
  readonly id: string;
  readonly state: RuntimeState;
  /** Files of the runtime that the sandbox shows read-only; their `to` is what `command` names inside. */
  readonly mounts: readonly Mount[];
  /** The shim's command line inside the sandbox. */
  readonly command: readonly [string, ...string[]];
  /** The same without a sandbox. */
  readonly bareCommand: readonly [string, ...string[]];
  /** Folders of the runtime that come first on `PATH`. */
  readonly path: readonly string[];
  /** Variables of the language; `codeFolder` is the code as the process sees it. */
  environment(codeFolder: string): Readonly<Record<string, string>>;
}
