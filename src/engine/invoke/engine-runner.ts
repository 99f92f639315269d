/** The runner as the engine's own process makes and asks it, beyond what the wire needs (`contract.ts`). */
import type { SandboxMode } from '../../platform/config.ts';
import type { Logger } from '../../platform/log.ts';
import type { SandboxState } from '../../platform/sandbox.ts';
import type { LogLine } from '../logs/line.ts';
import type { RuntimeState } from '../runtimes/runtime.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import type { Runner } from './contract.ts';
import type { ImageGate } from './image-gate.ts';
import type { RunnerLimits } from './runner-limits.ts';

export interface RunnerOptions {
  /** `SLUICE_HOME`; function logs go below it. */
  readonly home: string;
  readonly sandbox: SandboxMode;
  readonly region: string;
  readonly accountId: string;
  /** What no line of a function's stored log may show: this installation's own keys. */
  readonly secrets: readonly string[];
  readonly log: Logger;
  /** Interpreter by runtime id, as the operator named them. */
  readonly interpreters: Readonly<Record<string, string>>;
  /** `SLUICE_CACHE`, where fetched runtimes are. */
  readonly cache: string;
  /** Whether runtimes that are not here may be fetched. */
  readonly fetchRuntimes: boolean;
  readonly limits?: Partial<RunnerLimits>;
}

/** What the engine's own process asks beyond invoking: readiness and recent log lines. */
export interface EngineRunner extends Runner {
  readonly sandbox: SandboxState;
  /** What this host gives to hold instances to their limits. */
  readonly limits: SandboxHost['limits'];
  /** Each runtime id and whether this host can serve it, for `GET /readyz`. */
  runtimes(): Record<string, RuntimeState>;
  /** Pulls and forgets the images of containers. */
  readonly images: ImageGate;
  /** The newest log lines of a function, oldest first. */
  recentLog(service: string, functionName: string): LogLine[];
}
