/** What the engine needs to know of a runtime: whether this host can serve it, and how an instance of it is started. */
import type { Mount } from '../../platform/sandbox.ts';
import type { ImageStart } from '../images/layout.ts';
import type { Revision } from '../invoke/contract.ts';
import type { NodeFetching } from './nodejs/fetching.ts';

/** Whether an id can be served here. `compatible`: by another version of the language, which the instance's log says. */
export type RuntimeState =
  | { readonly state: 'exact' | 'compatible'; readonly version: string }
  | { readonly state: 'missing'; readonly reason: string };

export type Runtime = ShimRuntime | ServerRuntime;

export type Command = readonly [string, ...string[]];

interface AnyRuntime {
  readonly id: string;
  readonly state: RuntimeState;
  /** Files of the runtime that the sandbox shows read-only; their `to` is what the command names inside. */
  readonly mounts: readonly Mount[];
  /** Folders of the runtime that come first on `PATH`. */
  readonly path: readonly string[];
  /** Variables of the language; `codeFolder` is the code as the process sees it. */
  environment(codeFolder: string): Readonly<Record<string, string>>;
}

/** A language: our shim loads the function and speaks the framed protocol. */
export interface ShimRuntime extends AnyRuntime {
  readonly protocol: 'frames';
  /** The shim's command line inside the sandbox. */
  readonly command: Command;
  /** The same without a sandbox. */
  readonly bareCommand: Command;
  /** Options that tell the interpreter how much memory there is; they come right behind its name. */
  memoryOptions?(memoryMb: number): readonly string[];
  /** How it can be started before its function is known; left out: it cannot. */
  readonly waiting?: WaitingSettings;
}

/** A shim with `waiting` answers `prepare`, and takes environment and working directory from `start`. */
export interface WaitingSettings {
  /** Names of variables that the interpreter or the C library looks at only when a process starts. */
  readonly startVariables: RegExp;
  /** Folder of the code that it looks at only then; left out: none. */
  readonly startFolder?: string;
}

/** The function is an HTTP server of its own (runtimes.md §8). */
export interface ServerRuntime extends AnyRuntime {
  readonly protocol: 'http';
  /**
   * @param image how the image of a container is started; `undefined` for the others
   * @throws ImageError where the image says nothing and nobody else does
   */
  serverCommand(revision: Revision, codeFolder: string, image: ImageStart | undefined): Command;
}

/** An id that nothing here serves. */
export interface MissingRuntime {
  readonly id: string;
  readonly state: Extract<RuntimeState, { readonly state: 'missing' }>;
}

/** What the operator said about runtimes. */
export interface HostSettings {
  /** Interpreter by runtime id (`SLUICE_RUNTIMES`); it is used instead of what would be found. */
  readonly interpreters: Readonly<Record<string, string>>;
  /** Folder of downloads (`SLUICE_CACHE`). */
  readonly cache: string;
  /** Left out: nothing is fetched, the cache is used all the same. */
  readonly fetching?: NodeFetching;
}

/** One folder's offer: its ids, and what serves each on this host. */
export interface RuntimeFamily {
  readonly ids: readonly string[];
  /** Looks on this host; called again from time to time while the answer is "missing". May take some 50 ms. */
  look(id: string, host: HostSettings): Runtime | MissingRuntime;
  /** Settles when what a first call should wait for is over, well or not; `undefined`: there is nothing. */
  prepare?(id: string, host: HostSettings): Promise<void> | undefined;
}

/** @param need what would have to be there, e.g. `php >= 7.2` @param found what was looked at and did not fit */
export function missingRuntime(id: string, need: string, found = 'none'): MissingRuntime {
  return unserved(
    id,
    `needs ${need} on the engine host; found: ${found}. Install it or set the interpreter path in the engine configuration (SLUICE_RUNTIMES=${id}=/path/to/it)`,
  );
}

/** @param reason goes on behind the id, e.g. `needs skopeo` */
export function unserved(id: string, reason: string): MissingRuntime {
  return { id, state: { state: 'missing', reason: `runtime '${id}' ${reason}` } };
}
