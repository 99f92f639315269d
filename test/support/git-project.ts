/** A project of its own for a test: a bare repository whose hook tells Sluice of a push, and a clone to push from. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ReleaseView } from '../../src/api/views.ts';
import type { Api } from './api.ts';
import { writeFiles } from './write-files.ts';

const run = promisify(execFile);
const HOOK = join(import.meta.dirname, '..', '..', 'examples', 'hooks', 'post-receive');

export interface GitProject {
  readonly name: string;
  readonly webhook: string;
  readonly secret: string;
  /** Commits the files and pushes; resolves with the release that the hook's webhook made. */
  push(files: Readonly<Record<string, string>>, message: string): Promise<ReleaseView>;
}

/** Makes the repository below `folder` (which the stack allows as a local repository) and registers the project. */
export async function createGitProject(api: Api, folder: string, name: string): Promise<GitProject> {
  const bare = join(folder, `${name}.git`);
  const clone = join(folder, name);
  const secret = `secret-of-${name}-0123456789`;
  const webhook = `${api.url}/webhooks/generic/${name}`;
  mkdirSync(folder, { recursive: true });
  await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  await git(bare, 'config', 'sluice.webhook', webhook);
  await git(bare, 'config', 'sluice.secret', secret);
  writeFileSync(
    join(bare, 'hooks', 'post-receive'),
    readFileSync(HOOK, 'utf8').replace(/^#!.*/, `#!${process.execPath}`),
    { mode: 0o755 },
  );
  await git(folder, 'init', '--quiet', '--initial-branch=main', clone);
  await git(clone, 'config', 'user.name', 'Test');
  await git(clone, 'config', 'user.email', 'test@sluice.invalid');
  await git(clone, 'remote', 'add', 'origin', bare);
  await api.post('/api/v1/projects', { name, repository: bare, provider: 'generic', webhookSecret: secret });

  return {
    name,
    webhook,
    secret,
    push: async (files, message) => {
      writeFiles(clone, files);
      await git(clone, 'add', '--all');
      await git(clone, 'commit', '--quiet', '--allow-empty', '--message', message);
      await git(clone, 'push', '--quiet', 'origin', 'main');
      const commit = await git(clone, 'rev-parse', 'HEAD');
      const { releases } = await api.get<{ releases: ReleaseView[] }>(
        `/api/v1/releases?project=${name}&commit=${commit}`,
      );
      if (!releases[0]) throw new Error(`the push of ${name} led to no release`);
      return releases[0];
    },
  };
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  return (await run('git', args, { cwd, env })).stdout.trim();
}
