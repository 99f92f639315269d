/** What a language gives to the conformance table: its fixtures, and its own words where runtimes.md has it own words. */
import type { HookName } from '../../invoke/contract.ts';
import type { Fixtures } from './fixtures.ts';

/** The values that a context must hold, in the names of Node.js. */
export interface ContextValues {
  readonly requestId: string;
  readonly credentials: { accessKeyId: string; accessKeySecret: string; securityToken: string };
  readonly function: {
    name: string;
    handler: string;
    memory: number;
    timeout: number;
    initializer: string;
    initializationTimeout: number;
  };
  readonly service: {
    name: string;
    logProject: string;
    logStore: string;
    qualifier: string;
    versionId: string;
  };
  readonly region: string;
  readonly accountId: string;
  readonly retryCount: number;
}

export interface Language {
  readonly name: string;
  /** Runtime ids of the language. The table runs once for each interpreter that serves one of them. */
  readonly ids: readonly string[];
  readonly handler: string;
  readonly initializer: string;
  readonly hooks: Readonly<Record<HookName, string>>;
  readonly fixtures: Fixtures;
  /** Whether several calls may be in one instance. */
  readonly concurrent: boolean;
  /** Whether the global logger knows whose line it is when calls run side by side; left out: it does. */
  separatesGlobalLog?(version: string): boolean;
  /** Why the language has no HTTP handlers here. */
  readonly noHttp?: string;
  /** The runtime's line at its start (runtimes.md §12); left out where nothing of ours runs in the instance. */
  readonly startLine?: RegExp;
  /** Lines that the runtime writes before the first call's own. */
  loadLines(handler: string): readonly string[];
  /** Pattern of one whole line of the context's logger. */
  logLine(level: 'info' | 'error', requestId: string, message: string): RegExp;
  /** The `context` fixture's answer. */
  context(values: ContextValues): Readonly<Record<string, unknown>>;
  /** Variables of the language that the environment must hold beside those of every runtime. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** Before the first case, e.g. to compile all fixtures. */
  prepare?(): Promise<void>;
  /** After the files of a fixture were written into `codeFolder`, e.g. to set file modes. */
  build?(codeFolder: string): Promise<void>;
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

/** `logLine` of the languages whose lines are `<time> <request id> [<level>] <message>`; `level` as it is written. */
export function isoLogLine(level: string, requestId: string, message: string): RegExp {
  return new RegExp(`^${TIME} ${requestId} \\[${level}\\] ${message}$`);
}
