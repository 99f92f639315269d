/** A process that was started for the engine, and the plain way to start one: as a child of the engine itself. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';

export interface LaunchSpec {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** By descriptor, from 0: a socket to the engine, nothing, or a file that it reads. */
  readonly descriptors: readonly ('socket' | 'nothing' | { readonly file: string })[];
}

export interface Launched {
  /** As the host numbers it; 0 where it is not known (yet). */
  readonly pid: number;
  /** The engine's ends, by descriptor. */
  readonly sockets: readonly (Socket | undefined)[];
  kill(): void;
  /** Calls back once, when it has ended or could not be started. */
  onExit(callback: (exit: LaunchedExit) => void): void;
  /** Calls back once, after `onExit`, when its sockets are closed too, which what it started may keep open. */
  onClose(callback: () => void): void;
}

/** Neither code nor signal: it could not be started. */
export interface LaunchedExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Keeps this thread until the process is there; how long depends on the memory that the engine has.
 *
 * @param options.ownGroup makes it the first of a process group, by which what it starts can be signalled
 */
export function launchChild(
  { command, env, folder, descriptors }: LaunchSpec,
  { ownGroup = false } = {},
): Launched {
  const [program, ...rest] = command;
  // Opened anew each time: who reads one reads to its end, and descriptors of one opening share their place.
  const files: number[] = [];
  const stdio = descriptors.map((descriptor) => {
    if (descriptor === 'socket') return 'pipe' as const;
    if (descriptor === 'nothing') return 'ignore' as const;
    const file = openSync(descriptor.file, 'r');
    files.push(file);
    return file;
  });
  const child = spawn(program, rest, { env, cwd: folder, stdio, detached: ownGroup });
  for (const file of files) closeSync(file);
  // It has an end like any other, which is told to whoever asks for it; without a free descriptor it has no sockets either.
  child.on('error', () => undefined);
  return {
    get pid() {
      return child.pid ?? 0;
    },
    // The type of `stdio` ends at the fifth.
    sockets: ((child.stdio ?? []) as readonly unknown[]).map(
      (socket) => (socket ?? undefined) as Socket | undefined,
    ),
    kill: () => {
      child.kill('SIGKILL');
    },
    onExit: (callback) => {
      child.on('exit', (code, signal) => callback({ code, signal }));
      // A program that cannot be started has no exit event.
      child.on('error', () => callback({ code: null, signal: null }));
    },
    onClose: (callback) => {
      child.on('close', callback);
      child.on('error', callback);
    },
  };
}
