/**
 * The shell script that starts the shim, given to `/bin/sh` on its standard input: after the drop to the plain user,
 * and by a pipe, so that the function's variables are on no command line.
 */

/** Most open files of a process (runtimes.md §11, Limits). */
const OPEN_FILES = 1024;

/** @param folder where to start, if not where the shell does */
export function launchScript(
  env: Readonly<Record<string, string>>,
  command: readonly [string, ...string[]],
  folder?: string,
): string {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  // The shell's own variables must not reach the function.
  const enter = folder === undefined ? '' : `cd ${quote(folder)} || exit 126\nunset PWD OLDPWD\n`;
  return `ulimit -c 0\nulimit -n ${OPEN_FILES}\nunset PWD OLDPWD\n${exports.join('')}${enter}exec ${command.map(quote).join(' ')} </dev/null\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
