/**
 * git as activities run it: no host configuration, no hooks, no prompts, no LFS downloads, and only the transports
 * that `repository-url.ts` lets through.
 */
import { homedir } from 'node:os';
import { simpleGit, type SimpleGit } from 'simple-git';

/** A git for one folder. `signal` ends the running command. */
export function gitIn(folder: string, signal: AbortSignal): SimpleGit {
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    // ssh reads its keys there; git's own configuration is switched off below.
    HOME: homedir(),
    LANG: 'C.UTF-8',
    ...(process.env['SSH_AUTH_SOCK'] ? { SSH_AUTH_SOCK: process.env['SSH_AUTH_SOCK'] } : {}),
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_ALLOW_PROTOCOL: 'https:ssh:git:file',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new -oConnectTimeout=10',
  };
  return simpleGit({
    baseDir: folder,
    abort: signal,
    maxConcurrentProcesses: 1,
    allowEnvironment: Object.keys(env).filter((name) => name.startsWith('GIT_')),
    unsafe: {
      // Both values are constants above, not input.
      allowUnsafeSshCommand: true,
      allowUnsafeConfigPaths: true,
      // `--template=` (empty) keeps the host's template hooks out.
      allowUnsafeTemplateDir: true,
    },
  }).env(env);
}
