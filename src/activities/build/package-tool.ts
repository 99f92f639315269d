/** Runs a tool that brings a project's packages, in the sandbox and with the cache that it keeps for that project. */
import { join } from 'node:path';
import { FAILURES } from '../../domain/release/failures.ts';
import { finalFailure } from '../failure.ts';
import type { Parts } from '../parts.ts';
import type { StageLog } from './log-sink.ts';
import { runBuildCommand } from './run-in-sandbox.ts';

export interface PackageJob {
  readonly folder: string;
  readonly project: string;
  readonly log: StageLog;
  readonly signal: AbortSignal;
}

export interface PackageTool {
  /** As people call it. */
  readonly name: string;
  readonly run: string;
  /** What may be missing, by exit code: goes on behind the message. */
  readonly hint?: (exit: number) => string;
}

/** @throws ApplicationFailure `BuildFailed` where the tool ends with another code than 0 */
export async function runPackageTool(parts: Parts, job: PackageJob, tool: PackageTool): Promise<void> {
  const { folder, project, log, signal } = job;
  const exit = await runBuildCommand(parts.sandbox, {
    folder,
    cache: join(parts.home, 'cache', 'packages', project),
    run: tool.run,
    log,
    signal,
  });
  if (exit === 0) return;
  const message = `${tool.name} ended with exit code ${exit}${tool.hint?.(exit) ?? ''}`;
  throw finalFailure(FAILURES.buildFailed, message, { logTail: log.tail() });
}
