/** A hook's command: in the build sandbox, at the root of a copy of the repository, with what it must know. */
import { join } from 'node:path';
import { sayLate } from '../../domain/plan/hook.ts';
import { ensureTree, type Job } from '../build/build.ts';
import { runBuildCommand } from '../build/run-in-sandbox.ts';
import type { Parts } from '../parts.ts';
import { timeLimit } from '../../platform/time-limit.ts';

export interface HookCommand {
  readonly run: string;
  readonly words: Readonly<Record<string, string>>;
  /** Ends the command; what it needs before it can begin does not count. */
  readonly timeoutMs: number;
}

/** @returns what went wrong, or `null` */
export async function runCommand(
  parts: Parts,
  job: Job,
  { run, words, timeoutMs }: HookCommand,
): Promise<string | null> {
  const { subject, log, signal } = job;
  const folder = await ensureTree(parts, job);
  log.note(run);
  const limit = timeLimit(timeoutMs);
  try {
    const exit = await runBuildCommand(parts.sandbox, {
      folder,
      cache: join(parts.home, 'cache', 'packages', subject.project.name),
      run,
      env: environmentOf(job, words),
      log,
      signal: AbortSignal.any([signal, limit]),
    });
    return exit === 0 ? null : `exit code ${exit}`;
  } catch (error) {
    // The command was ended for its time, and for nothing else.
    if (limit.aborted && !signal.aborted) return sayLate(timeoutMs);
    throw error;
  }
}

/** `SLUICE_RELEASE`, `SLUICE_STEP`, `SLUICE_WEIGHT`, `SLUICE_IDEMPOTENCY_KEY`, and what is released where. */
function environmentOf({ subject }: Job, words: Readonly<Record<string, string>>): Record<string, string> {
  const { release, environment } = subject;
  const all = {
    ...words,
    project: release.project,
    environment: release.environment,
    commit: release.commit,
    alias: environment.alias,
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      `SLUICE_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
      value,
    ]),
  );
}
