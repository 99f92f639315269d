/** Child processes of the bootstrap: output is collected, shown only when a command fails, and no command outlives its limit. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const KEPT_BYTES = 64 * 1024;

/** Commands at work. Each leads a process group: a compiler's own children must not go on when the bootstrap is stopped. */
const atWork = new Set();

function stopAll(signal) {
  for (const child of atWork) killGroup(child);
  process.exit(signal === 'SIGINT' ? 130 : 143);
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Ended already.
  }
}

/**
 * Runs a command to its end.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onLine?: (line: string) => void}} [options]
 * @returns {Promise<{code: number, output: string}>} `output` is the end of stdout and stderr together; a command that
 *   cannot be started has code 127, one that ran out of time 124
 */
export function run(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (atWork.size === 0) for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stopAll);
    atWork.add(child);
    const settle = (result) => {
      clearTimeout(timer);
      atWork.delete(child);
      if (atWork.size === 0) for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stopAll);
      resolve(result);
    };
    let output = '';
    let rest = '';
    let timedOut = false;
    const timer = options.timeoutMs
      ? setTimeout(() => {
          timedOut = true;
          killGroup(child);
        }, options.timeoutMs)
      : undefined;
    const take = (chunk) => {
      const text = String(chunk);
      output = (output + text).slice(-KEPT_BYTES);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (options.onLine) lines.forEach(options.onLine);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => settle({ code: 127, output: error.message }));
    child.on('close', (code, signal) => {
      if (timedOut) output += `\nno end within ${options.timeoutMs / 1000} s`;
      settle({ code: timedOut ? 124 : (code ?? (signal ? 128 : 1)), output: output.trim() });
    });
  });
}

/** Path of a command on PATH (or another list of folders), or `undefined`. */
export function findOnPath(name, folders = process.env.PATH ?? '') {
  for (const folder of folders.split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The last `count` lines of a text. */
export function lastLines(text, count) {
  return text.split('\n').slice(-count).join('\n');
}
