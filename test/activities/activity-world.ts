/** Real parts for activity tests: PostgreSQL, git repositories, a home folder, the sandbox. Only FC is the test's own. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { createActivities, type Parts } from '../../src/activities/index.ts';
import type { Activities } from '../../src/activities/contract.ts';
import { defaultEnvironments } from '../../src/domain/plan/environment.ts';
import type { FcClient } from '../../src/fc/client.ts';
import { probeSandbox } from '../../src/platform/sandbox.ts';
import { createProject } from '../../src/store/projects.ts';
import { createRelease } from '../../src/store/releases.ts';
import type { Store } from '../../src/store/store.ts';
import { newRelease } from '../support/new-release.ts';
import { startTestStore } from '../support/test-store.ts';
import { writeFiles } from '../support/write-files.ts';

const run = promisify(execFile);

export interface ActivityWorld {
  readonly store: Store;
  readonly folder: string;
  /** Parts with a home of their own. */
  parts(change?: Partial<Parts>): Parts;
  /** A bare repository with one commit of these files, its project, and a release of that commit. */
  release(name: string, files: Readonly<Record<string, string>>): Promise<PushedRelease>;
  /** Another commit on the same repository, and its release. */
  push(name: string, files: Readonly<Record<string, string>>): Promise<PushedRelease>;
  close(): Promise<void>;
}

export interface PushedRelease {
  readonly releaseId: string;
  readonly commit: string;
  readonly repository: string;
}

export async function startActivityWorld(fc: FcClient): Promise<ActivityWorld> {
  const store = await startTestStore();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-activities-'));
  let homes = 0;
  let releases = 0;

  async function push(name: string, files: Readonly<Record<string, string>>): Promise<PushedRelease> {
    const repository = join(folder, 'repositories', `${name}.git`);
    const clone = join(folder, 'clones', name);
    writeFiles(clone, files);
    await git(clone, 'add', '--all');
    await git(clone, 'commit', '--quiet', '--allow-empty', '--message', 'Change the shop');
    await git(clone, 'push', '--quiet', 'origin', 'main');
    const commit = await git(clone, 'rev-parse', 'HEAD');
    releases += 1;
    const releaseId = `01TEST${String(releases).padStart(20, '0')}`;
    await createRelease(
      store.db,
      newRelease(name, {
        id: releaseId,
        commit,
        author: 'Ann <ann@shop.example>',
        message: 'Change the shop',
      }),
    );
    return { releaseId, commit, repository };
  }

  return {
    store,
    folder,
    push,
    parts: (change = {}) => {
      homes += 1;
      const home = join(folder, `home-${homes}`);
      mkdirSync(home, { recursive: true, mode: 0o700 });
      return {
        db: store.db,
        fc,
        slowFc: fc,
        regions: { home: 'cn-local', known: ['cn-local', 'cn-shanghai'] },
        home,
        sandbox: probeSandbox('on'),
        localRepositories: [join(folder, 'repositories')],
        metricSources: [],
        secrets: ['a-known-secret'],
        publicUrl: 'http://sluice.test',
        tellLook: async () => undefined,
        tellAlias: async () => undefined,
        log: pino({ level: 'silent' }),
        ...change,
      };
    },
    release: async (name, files) => {
      const repository = join(folder, 'repositories', `${name}.git`);
      const clone = join(folder, 'clones', name);
      mkdirSync(join(folder, 'clones'), { recursive: true });
      await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', repository);
      await git(folder, 'init', '--quiet', '--initial-branch=main', clone);
      await git(clone, 'config', 'user.name', 'Ann');
      await git(clone, 'config', 'user.email', 'ann@shop.example');
      await git(clone, 'remote', 'add', 'origin', repository);
      await createProject(store.db, {
        name,
        repository,
        provider: 'generic',
        webhookSecret: 'the-webhook-secret',
        defaultBranch: 'main',
        environments: defaultEnvironments('main'),
      });
      return push(name, files);
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs one activity as a worker would, with heartbeats and a cancellation that the test may give. */
export function runActivity<Name extends keyof Activities>(
  parts: Parts,
  name: Name,
  input: Parameters<Activities[Name]>[0],
  env = quietEnvironment(),
): Promise<Awaited<ReturnType<Activities[Name]>>> {
  const activity = createActivities(parts)[name] as (
    given: typeof input,
  ) => Promise<Awaited<ReturnType<Activities[Name]>>>;
  return env.run(activity, input);
}

/** Failures are what some tests want; they need not be told twice. */
export function quietEnvironment(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

/** A manifest with one function in `./code`. */
export function manifest(service: string, more = ''): string {
  return `edition: 1.0.0
name: ${service}
services:
  ${service}:
    component: fc
    props:
      region: cn-local
      service:
        name: ${service}
      function:
        name: hello
        runtime: nodejs20
        handler: index.handler
        codeUri: ./code
${more}`;
}

async function git(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd: folder });
  return stdout.trim();
}
