/**
 * Which waiting runtime can become an instance of a function. What a process cannot be given after its start must be right
 * from the beginning: that is in the kind, or the function is started in the ordinary way.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Revision } from '../invoke/contract.ts';
import { commonEnvironment } from '../runtimes/environment.ts';
import type { Command, Runtime, ShimRuntime } from '../runtimes/runtime.ts';
import { shimCommand } from './instance-parts.ts';

export interface WaitingKind {
  /** The same for all that may stand for each other. */
  readonly key: string;
  readonly runtime: ShimRuntime;
  readonly command: Command;
  readonly environment: Readonly<Record<string, string>>;
  readonly internetAccess: boolean;
}

/** Variables that the loader and the C library read when a process starts, whatever its language. */
const C_LIBRARY = /^(?:LD_|LC_|LANG|GLIBC_|MALLOC_|GCONV_|LOCPATH$|NLSPATH$|RES_|LOCALDOMAIN$|HOSTALIASES$)/;
/** What the loader would find by `LD_LIBRARY_PATH`, perhaps in the place of a library that the interpreter has loaded. */
const SHARED_LIBRARY = /^lib.*\.so(?:\.|$)/;
/** The loader looks for a folder once: one that was missing when the process started is empty to it for ever. */
const ANY_LIBRARY = /\.so(?:\.|$)/;

/** @param codeFolder as a sandbox shows it @returns `undefined`: no runtime of this sort can wait */
export function waitingKind(
  { memoryMb, internetAccess, nameResolution, image }: Revision,
  runtime: Runtime,
  codeFolder: string,
): WaitingKind | undefined {
  // Of its network, resolv.conf is there from the beginning.
  if (image || (internetAccess && nameResolution)) return undefined;
  if (runtime.protocol !== 'frames' || !runtime.waiting) return undefined;
  const command = shimCommand(runtime.command, runtime, memoryMb);
  return {
    key: JSON.stringify([runtime.id, command, runtime.mounts, internetAccess]),
    runtime,
    command,
    environment: commonEnvironment(runtime, codeFolder),
    internetAccess,
  };
}

/**
 * Whether the function finds all that a process of its own would have found at its start.
 *
 * @param environment the whole environment of the instance
 */
export function suits(
  { runtime: { waiting }, environment: common }: WaitingKind,
  { codeFolder, layerFolder }: Revision,
  environment: Readonly<Record<string, string>>,
): boolean {
  for (const name of new Set([...Object.keys(common), ...Object.keys(environment)])) {
    const isRead = C_LIBRARY.test(name) || waiting?.startVariables.test(name) === true;
    if (isRead && common[name] !== environment[name]) return false;
  }
  if (waiting?.startFolder !== undefined && existsSync(join(codeFolder, waiting.startFolder))) return false;
  if (namesIn(codeFolder).some((name) => SHARED_LIBRARY.test(name))) return false;
  const lateFolders = [codeFolder, ...(layerFolder === '' ? [] : [layerFolder])];
  return !lateFolders.some((folder) => namesIn(join(folder, 'lib')).some((name) => ANY_LIBRARY.test(name)));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
