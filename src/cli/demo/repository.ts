/**
 * The sample's repository: a real bare repository with a `post-receive` hook, and a clone that pushes to it, both
 * below `SLUICE_HOME/demo`.
 */
import { execFile } from 'node:child_process';
import { cpSync, copyFileSync, chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));
const CHANGES = ['2-greet-by-the-hour', '3-tidy-the-table'] as const;

export interface SampleRepository {
  /** Path of the bare repository: the project's `repository`. */
  readonly path: string;
  /** Commits change `number` (1 is the repository's first state) and pushes it; resolves when the hook has answered. */
  push(number: 1 | 2 | 3): Promise<{ readonly commit: string; readonly message: string }>;
}

/** Creates both repositories anew; what an interrupted first start left is removed. */
export async function createSampleRepository(
  folder: string,
  webhook: string,
  secret: string,
): Promise<SampleRepository> {
  const bare = join(folder, 'hello.git');
  const clone = join(folder, 'hello');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  await git(bare, 'config', 'sluice.webhook', webhook);
  await git(bare, 'config', 'sluice.secret', secret);
  chmodSync(join(bare, 'config'), 0o600);
  // The hook's first line asks for `node` on the PATH; the one that runs Sluice is sure to exist.
  const hook = readFileSync(join(EXAMPLES, 'hooks', 'post-receive'), 'utf8').replace(
    /^#!.*/,
    `#!${process.execPath}`,
  );
  writeFileSync(join(bare, 'hooks', 'post-receive'), hook, { mode: 0o755 });

  await git(folder, 'init', '--quiet', '--initial-branch=main', clone);
  await git(clone, 'config', 'user.name', 'Sluice sample');
  await git(clone, 'config', 'user.email', 'sample@sluice.invalid');
  await git(clone, 'remote', 'add', 'origin', bare);
  for (const file of ['s.yml', 'sluice.yml', 'README.md'])
    copyFileSync(join(EXAMPLES, 'hello', file), join(clone, file));
  cpSync(join(EXAMPLES, 'hello', 'code'), join(clone, 'code'), { recursive: true });

  return { path: bare, push: (number) => push(clone, number) };
}

async function push(clone: string, number: 1 | 2 | 3): Promise<{ commit: string; message: string }> {
  const message = number === 1 ? 'Say hello' : apply(clone, CHANGES[number - 2] ?? CHANGES[0]);
  await git(clone, 'add', '--all');
  await git(clone, 'commit', '--quiet', '--message', message);
  await git(clone, 'push', '--quiet', 'origin', 'main');
  return { commit: await git(clone, 'rev-parse', 'HEAD'), message };
}

/** Copies a change over the working tree; returns its commit message. */
function apply(clone: string, change: string): string {
  const folder = join(EXAMPLES, 'hello', 'changes', change);
  cpSync(join(folder, 'code'), join(clone, 'code'), { recursive: true });
  return readFileSync(join(folder, 'message'), 'utf8').trim();
}

/** Runs git without the user's own configuration: a signing key or a hook template must not stop the sample. */
async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
  };
  const { stdout } = await run('git', args, { cwd, env });
  return stdout.trim();
}
