/** Looks for programs on the host that can serve a runtime, and asks each once what it is. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { z } from 'zod';

/** The system's folders come first: what lies there needs no mount of its own in a sandbox. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/local/bin'];
const ASK_LIMIT_MS = 5_000;

/** Programs of these names, each with its path; no file twice. */
export function findPrograms(names: readonly string[]): string[] {
  const folders = [...SYSTEM_FOLDERS, ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean)];
  const found = new Map<string, string>();
  for (const name of names)
    for (const folder of folders) {
      const path = join(folder, name);
      const real = executable(path);
      if (real !== undefined && !found.has(real)) found.set(real, path);
    }
  return [...found.values()];
}

const answers = new Map<string, string | undefined>();

/**
 * What the program prints for `args`; `undefined` where it cannot be run or fails. An answer is believed as long as this
 * process runs. So is a program that hangs, because asking holds up everything here; one that fails is asked again,
 * because the operator may mend it meanwhile.
 */
export function askProgram(path: string, args: readonly string[]): string | undefined {
  const key = [executable(path) ?? '', path, ...args].join('\0');
  if (answers.has(key)) return answers.get(key);
  const { status, stdout, signal } = spawnSync(path, args, {
    encoding: 'utf8',
    timeout: ASK_LIMIT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const answer = status === 0 ? stdout : undefined;
  if (answer !== undefined || signal !== null) answers.set(key, answer);
  return answer;
}

/** The same of a program that answers with JSON; `undefined` also where that does not fit the schema. */
export function askJson<T>(path: string, args: readonly string[], schema: z.ZodType<T>): T | undefined {
  const text = askProgram(path, args);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
