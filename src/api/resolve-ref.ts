/** The commit that a ref of a remote repository points to now, asked by `git ls-remote`. */
import { homedir } from 'node:os';
import { simpleGit } from 'simple-git';
import { ensureError } from '../platform/errors.ts';
import { Problem } from './problem.ts';

/** Longest wait for the repository's answer, milliseconds. */
const WAIT_MS = 10_000;

/**
 * @param ref a full ref
 * @throws Problem 422 `ref-unknown` or `repository-unreachable`
 */
export async function resolveRef(repository: string, ref: string): Promise<string> {
  // Only what git needs: neither tokens nor the host's git configuration reach it.
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: homedir(),
    ...(process.env['SSH_AUTH_SOCK'] ? { SSH_AUTH_SOCK: process.env['SSH_AUTH_SOCK'] } : {}),
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: 'https:ssh:git:file',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new -oConnectTimeout=5',
  };
  const git = simpleGit({
    timeout: { block: WAIT_MS, stdOut: false, stdErr: false },
    allowEnvironment: Object.keys(env).filter((name) => name.startsWith('GIT_')),
    // Both values are constants above, not input.
    unsafe: { allowUnsafeSshCommand: true, allowUnsafeConfigPaths: true },
  }).env(env);
  let lines: string[];
  try {
    lines = (await git.listRemote(['--', repository, ref, `${ref}^{}`])).split('\n').filter(Boolean);
  } catch (cause) {
    throw new Problem({
      status: 422,
      code: 'repository-unreachable',
      detail: `the repository did not answer: ${ensureError(cause).message.trim().split('\n').at(-1) ?? ''}`,
      cause,
    });
  }
  const found = new Map(lines.map((line) => line.split('\t').toReversed() as [string, string]));
  // An annotated tag has an id of its own; `^{}` is the commit it stands for.
  const commit = found.get(`${ref}^{}`) ?? found.get(ref);
  if (commit !== undefined) return commit;
  throw new Problem({ status: 422, code: 'ref-unknown', detail: `the repository has no ${ref}` });
}
