import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { fromBufferPromise } from 'yauzl';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readArtifact } from '../../src/activities/package/artifact-store.ts';
import { findArtifact } from '../../src/store/artifacts.ts';
import { createRelease, findRelease } from '../../src/store/releases.ts';
import { listLogLines } from '../../src/store/logs.ts';
import type { FcClient } from '../../src/fc/client.ts';
import { newRelease } from '../support/new-release.ts';
import { manifest, runActivity, startActivityWorld, type ActivityWorld } from './activity-world.ts';

let world: ActivityWorld;
beforeAll(async () => {
  // Nothing here may touch Function Compute: any call would fail.
  world = await startActivityWorld({} as FcClient);
}, 60_000);
afterAll(() => world?.close());

const HANDLER = 'exports.handler = async () => "hello";\n';

async function logOf(releaseId: string): Promise<string> {
  const lines = await listLogLines(world.store.db, releaseId, { afterId: 0, limit: 1_000 });
  return lines.map(({ stage, stream, line }) => `${stage} ${stream}: ${line}`).join('\n');
}

/** A package.json and lock file that ask for one small package, at the version that Sluice itself uses. */
function withUlid(extra: object = {}): Record<string, string> {
  const lock = JSON.parse(
    readFileSync(join(import.meta.dirname, '..', '..', 'package-lock.json'), 'utf8'),
  ) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const { version, integrity } = lock.packages['node_modules/ulid'] ?? { version: '', integrity: '' };
  const root = { name: 'shop', version: '1.0.0', dependencies: { ulid: version } };
  return {
    'code/package.json': JSON.stringify({ ...root, ...extra }),
    'code/package-lock.json': JSON.stringify({
      name: 'shop',
      version: '1.0.0',
      lockfileVersion: 3,
      requires: true,
      packages: { '': root, 'node_modules/ulid': { version, integrity } },
    }),
  };
}

describe('source', () => {
  test('reads plan and manifest of the exact commit, also when the branch has moved on', async () => {
    const first = await world.release('moved', { 's.yml': manifest('moved'), 'code/index.js': HANDLER });
    await world.push('moved', { 's.yml': manifest('renamed') });
    const source = await runActivity(world.parts(), 'prepareSource', { releaseId: first.releaseId });
    expect(source).toMatchObject({
      author: 'Ann <ann@shop.example>',
      services: [{ service: 'moved', functions: ['hello'] }],
      plan: { alias: 'PROD', environment: 'production' },
    });
  });

  test('takes of the manifest what the environment releases, and leaves the rest to others', async () => {
    const { releaseId } = await world.release('part', {
      's.yml': `${manifest('part')}${manifest('part-other').replace(/^[^]*services:\n/, '')}`,
      'sluice.yml': 'version: 1\nenvironments:\n  production:\n    services: [part]\n',
      'code/index.js': HANDLER,
    });
    const source = await runActivity(world.parts(), 'prepareSource', { releaseId });
    expect(source).toMatchObject({ services: [{ service: 'part', functions: ['hello'] }] });
    expect(source.services).toHaveLength(1);
  });

  test('releases only what the commit’s own patterns let through, within those of the record', async () => {
    const narrowed = (name: string, patterns: string) =>
      world.release(name, {
        's.yml': manifest(name),
        'sluice.yml': `version: 1\nenvironments:\n  production:\n    ${patterns}\n`,
        'code/index.js': HANDLER,
      });
    const other = await narrowed('narrowed', 'branches: [release/*]');
    await expect(
      runActivity(world.parts(), 'prepareSource', { releaseId: other.releaseId }),
    ).rejects.toMatchObject({
      type: 'Invalid',
      message: 'sluice.yml of this commit does not release refs/heads/main to production',
    });
    // What would happen may be asked of every branch.
    const { db } = world.store;
    const { id: releaseId } = await createRelease(
      db,
      newRelease('narrowed', { commit: other.commit, dryRun: true }),
    );
    expect(await runActivity(world.parts(), 'prepareSource', { releaseId })).toMatchObject({ dryRun: true });
    const taken = await narrowed('taken', 'branches: [m*]');
    expect(await runActivity(world.parts(), 'prepareSource', { releaseId: taken.releaseId })).toMatchObject({
      services: [{ service: 'taken' }],
    });
  });

  test('takes a commit under the name of a branch only where it is on it — whoever starts by hand says both', async () => {
    const { db } = world.store;
    const files = {
      's.yml': manifest('claimed'),
      'sluice.yml': 'version: 1\nenvironments:\n  production:\n    branches: [main]\n',
      'code/index.js': HANDLER,
    };
    const first = await world.release('claimed', files);
    const clone = join(world.folder, 'clones', 'claimed');
    const git = (...args: string[]) => execFileSync('git', args, { cwd: clone, encoding: 'utf8' }).trim();
    git('checkout', '--quiet', '-b', 'wip');
    git('commit', '--quiet', '--allow-empty', '--message', 'Nobody looked at it');
    git('push', '--quiet', 'origin', 'wip');
    const unseen = git('rev-parse', 'HEAD');
    git('checkout', '--quiet', 'main');
    // The mirror knows both before the branch moves on.
    await runActivity(world.parts(), 'prepareSource', { releaseId: first.releaseId });
    const newest = await world.push('claimed', { 'code/more.js': '' });
    const parts = world.parts();
    const started = async (commit: string, ref: string) => {
      const release = newRelease('claimed', { commit, ref, cause: 'manual', startedBy: 'dev' });
      const { id: releaseId } = await createRelease(db, release);
      return runActivity(parts, 'prepareSource', { releaseId });
    };
    for (const commit of [first.commit, newest.commit])
      expect(await started(commit, 'refs/heads/main')).toMatchObject({ services: [{ service: 'claimed' }] });
    for (const ref of ['refs/heads/main', 'refs/heads/gone'])
      await expect(started(unseen, ref)).rejects.toMatchObject({
        type: 'Invalid',
        message: expect.stringContaining(`commit ${unseen} is not on ${ref} of `),
      });
    // A commit alone takes a release-manager, whose word it is.
    expect(await started(unseen, '')).toMatchObject({ services: [{ service: 'claimed' }] });
  });

  test('tells a release started by hand whose commit it is — it knew only the commit’s id', async () => {
    const { db } = world.store;
    const facts = { author: 'Ann <ann@shop.example>', message: 'Change the shop' };
    const { releaseId } = await world.release('facts', { 's.yml': manifest('facts') });
    const described = async (before: { author: string; message: string }) => {
      await db.updateTable('releases').set(before).where('id', '=', releaseId).execute();
      await runActivity(world.parts(), 'prepareSource', { releaseId });
      return findRelease(db, releaseId);
    };
    expect(await described({ author: '', message: '' })).toMatchObject(facts);
    // What the provider said of its push stands.
    expect(await described({ author: 'ann', message: 'Pushed' })).toMatchObject({
      author: 'ann',
      message: 'Pushed',
    });
  });

  test('says which commit is missing, and does not try again', async () => {
    const { releaseId } = await world.release('missing', { 's.yml': manifest('missing') });
    const commit = 'ab'.repeat(20);
    await world.store.db.updateTable('releases').set({ commit }).where('id', '=', releaseId).execute();
    await expect(runActivity(world.parts(), 'prepareSource', { releaseId })).rejects.toMatchObject({
      type: 'Invalid',
      nonRetryable: true,
      message: expect.stringContaining(commit),
    });
  });

  test('refuses a broken sluice.yml with file, line and what is allowed', async () => {
    const { releaseId } = await world.release('broken', {
      's.yml': manifest('broken'),
      'sluice.yml':
        'version: 1\nenvironments:\n  production:\n    steps:\n      - {weight: 500%, hold: 10m}\n',
    });
    await expect(runActivity(world.parts(), 'prepareSource', { releaseId })).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringMatching(/^sluice\.yml:5:\d+: .*(allowed|between|at most)/i),
    });
  });

  test('refuses a repository outside the named folders, whatever the project says', async () => {
    const { releaseId } = await world.release('outside', { 's.yml': manifest('outside') });
    await expect(
      runActivity(world.parts({ localRepositories: [] }), 'prepareSource', { releaseId }),
    ).rejects.toMatchObject({ type: 'Invalid' });
  });

  test('does not read a manifest through a link that leads out of the repository', async () => {
    const { releaseId } = await world.release('linked', { 'code/index.js': HANDLER });
    const clone = join(world.folder, 'clones', 'linked');
    symlinkSync('/etc/passwd', join(clone, 's.yml'));
    const pushed = await world.push('linked', {});
    expect(pushed.releaseId).not.toBe(releaseId);
    await expect(
      runActivity(world.parts(), 'prepareSource', { releaseId: pushed.releaseId }),
    ).rejects.toMatchObject({ type: 'Invalid', message: expect.stringContaining('leads out') });
  });

  test('runs no hook and downloads no submodule of the repository', async () => {
    const { releaseId } = await world.release('hooks', {
      's.yml': manifest('hooks'),
      'code/index.js': HANDLER,
      '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch /tmp/sluice-was-here"\n',
    });
    await runActivity(world.parts(), 'prepareSource', { releaseId });
    expect(existsSync('/tmp/sluice-was-here')).toBe(false);
  });
});

describe('build and package', () => {
  test('twice, in two homes, give the same bytes — and the statement says where they came from', async () => {
    const files = {
      's.yml': manifest('twice'),
      'code/index.js': HANDLER,
      'code/lib/a.js': '1',
      ...withUlid(),
    };
    const { releaseId, commit } = await world.release('twice', files);
    const [one, two] = [world.parts(), world.parts()];
    const built = { releaseId, service: 'twice', function: 'hello' };
    const { summary } = await runActivity(one, 'buildFunction', built);
    expect(summary).toMatch(/^twice\/hello: npm ci, 1 packages, [\d.]+ s$/);
    const first = await runActivity(one, 'packageRelease', { releaseId });
    // The second home has not built it: packaging does.
    const second = await runActivity(two, 'packageRelease', { releaseId });
    expect(second.services).toEqual(first.services);
    const artifact = first.services[0]?.functions[0]?.artifact ?? '';
    const bytes = await readArtifact(one.home, artifact);
    expect(bytes?.equals((await readArtifact(two.home, artifact)) ?? Buffer.alloc(0))).toBe(true);
    const stored = await findArtifact(world.store.db, artifact);
    expect(stored?.provenance).toMatchObject({
      subject: [{ digest: { sha256: artifact } }],
      predicate: { buildDefinition: { resolvedDependencies: [{ digest: { gitCommit: commit } }] } },
    });
    const names: string[] = [];
    for await (const entry of (await fromBufferPromise(bytes ?? Buffer.alloc(0))).eachEntry())
      names.push(entry.fileName);
    expect(names).toEqual([...names].sort());
    expect(names).toContain('node_modules/ulid/package.json');
  });

  test('take node_modules from the cache the next time, unless the package runs scripts of its own', async () => {
    const files = { 's.yml': manifest('cached'), 'code/index.js': HANDLER, ...withUlid() };
    const first = await world.release('cached', files);
    const parts = world.parts();
    const build = (releaseId: string) =>
      runActivity(parts, 'buildFunction', { releaseId, service: 'cached', function: 'hello' });
    expect((await build(first.releaseId)).summary).not.toContain('(cached)');
    const second = await world.push('cached', { 'code/index.js': `${HANDLER}// more\n` });
    expect((await build(second.releaseId)).summary).toContain('(cached)');
    const third = await world.push('cached', withUlid({ scripts: { postinstall: 'true' } }));
    expect((await build(third.releaseId)).summary).not.toContain('(cached)');
  });

  test('install what requirements.txt names beside a Python function', async () => {
    const { releaseId } = await world.release('snake', {
      's.yml': manifest('snake').replace('nodejs20', 'python3'),
      'code/index.py': 'import words\ndef handler(event, context):\n    return words.HELLO\n',
      'code/requirements.txt': './words\n',
      'code/words/pyproject.toml':
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      // A build backend of its own (PEP 517): nothing has to come from the network.
      'code/words/backend.py': `import zipfile, os
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = 'words-1.0-py3-none-any.whl'
    info = 'words-1.0.dist-info/'
    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:
        wheel.writestr('words.py', "HELLO = 'hello'\\n")
        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: words\\nVersion: 1.0\\n')
        wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(info + 'RECORD', '')
    return name
`,
    });
    const parts = world.parts();
    const built = { releaseId, service: 'snake', function: 'hello' };
    expect((await runActivity(parts, 'buildFunction', built)).summary).toMatch(
      /^snake\/hello: pip install, [\d.]+ s$/,
    );
    const { services } = await runActivity(parts, 'packageRelease', { releaseId });
    const bytes = await readArtifact(parts.home, services[0]?.functions[0]?.artifact ?? '');
    const names: string[] = [];
    for await (const entry of (await fromBufferPromise(bytes ?? Buffer.alloc(0))).eachEntry())
      names.push(entry.fileName);
    expect(names).toContain('words.py');
  });

  test('take a custom runtime’s files as they are, with an executable bootstrap', async () => {
    const { releaseId } = await world.release('own', {
      's.yml': manifest('own').replace('nodejs20', 'custom'),
      'code/bootstrap': '#!/bin/sh\nexec node server.js\n',
      'code/server.js': '',
      'code/package-lock.json': '{"lockfileVersion": 3}',
    });
    const parts = world.parts();
    const built = { releaseId, service: 'own', function: 'hello' };
    expect((await runActivity(parts, 'buildFunction', built)).summary).toBe('own/hello: files as they are');
    const { services } = await runActivity(parts, 'packageRelease', { releaseId });
    const bytes = await readArtifact(parts.home, services[0]?.functions[0]?.artifact ?? '');
    const modes: Record<string, string> = {};
    for await (const entry of (await fromBufferPromise(bytes ?? Buffer.alloc(0))).eachEntry())
      modes[entry.fileName] = (entry.externalFileAttributes >>> 16).toString(8);
    expect(modes).toEqual({ bootstrap: '100755', 'package-lock.json': '100644', 'server.js': '100644' });
    expect(await logOf(releaseId)).toContain('bootstrap was not executable');
  });

  test.each([
    ['custom', '', 'has no file bootstrap; add it, or name a command in customRuntimeConfig'],
    ['java11', 'example.App::handle', 'has no jars or class files; commit them'],
    ['dotnetcore2.1', 'A::B.C::D', 'has no assemblies (*.dll); commit them'],
  ])('say of %s what is not there — before anything is deployed', async (runtime, handler, message) => {
    const service = `bare-${runtime.replaceAll('.', '-')}`;
    const text = manifest(service)
      .replace('nodejs20', runtime)
      .replace('index.handler', handler || 'index.handler');
    const { releaseId } = await world.release(service, { 's.yml': text, 'code/source.txt': '' });
    await expect(
      runActivity(world.parts(), 'buildFunction', { releaseId, service, function: 'hello' }),
    ).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringMatching(/^s\.yml:\d+: the package /),
    });
    await expect(
      runActivity(world.parts(), 'buildFunction', { releaseId, service, function: 'hello' }),
    ).rejects.toThrow(message);
  });

  test('run in a sandbox: no host environment, no host files, no root; secrets are masked in the log', async () => {
    process.env['SLUICE_TEST_MARK'] = 'of-the-host';
    const { releaseId } = await world.release('boxed', {
      's.yml': manifest('boxed'),
      'code/index.js': HANDLER,
      'sluice.yml': `version: 1
stages:
  - {name: look, run: "id -u; env; ls ${world.folder} || true; echo a-known-secret the-webhook-secret", image: nodejs20}
`,
    });
    const parts = world.parts();
    await runActivity(parts, 'prepareTree', { releaseId });
    await runActivity(parts, 'runCommand', { releaseId, group: 0, index: 0 });
    const log = await logOf(releaseId);
    expect(log).toContain('build stdout: 10004');
    expect(log).not.toContain('of-the-host');
    expect(log).not.toContain('home-1');
    expect(log).not.toMatch(/a-known-secret|the-webhook-secret/);
    expect(log).toContain('[secret] [secret]');
  });

  test('that fail keep the last 50 lines and say the exit code', async () => {
    const { releaseId } = await world.release('failing', {
      's.yml': manifest('failing'),
      'sluice.yml': `version: 1
stages:
  - {name: test, run: "for i in $(seq 1 80); do echo line $i; done; exit 3", image: nodejs20}
`,
    });
    const parts = world.parts();
    const failure: unknown = await runActivity(parts, 'runCommand', { releaseId, group: 0, index: 0 }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      type: 'BuildFailed',
      nonRetryable: true,
      message: expect.stringContaining('exit code 3'),
    });
    const { logTail } = (failure as { details: [{ logTail: string[] }] }).details[0];
    expect(logTail).toHaveLength(50);
    expect(logTail.at(-1)).toBe('line 80');
  });

  test('stop at once when the release is aborted, and leave no process', async () => {
    const { releaseId } = await world.release('slow', {
      's.yml': manifest('slow'),
      'sluice.yml':
        'version: 1\nstages:\n  - {name: wait, run: "echo begun; sleep 987654", image: nodejs20}\n',
    });
    const env = new MockActivityEnvironment();
    const running = runActivity(world.parts(), 'runCommand', { releaseId, group: 0, index: 0 }, env);
    running.catch(() => undefined);
    const deadline = Date.now() + 10_000;
    while (!(await logOf(releaseId)).includes('begun')) {
      if (Date.now() > deadline) throw new Error('the command did not begin');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    env.cancel();
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(processes()).not.toContain('sleep 987654');
  });

  test('refuse without a working sandbox, and say the mend', async () => {
    const { releaseId } = await world.release('unboxed', {
      's.yml': manifest('unboxed'),
      'code/index.js': HANDLER,
    });
    const sandbox = { available: false, reason: 'bubblewrap is not installed', mend: 'install it' } as const;
    await expect(
      runActivity(world.parts({ sandbox }), 'buildFunction', {
        releaseId,
        service: 'unboxed',
        function: 'hello',
      }),
    ).rejects.toMatchObject({ type: 'BuildFailed', message: expect.stringContaining('install it') });
  });

  test('run as the worker’s user where the sandbox is switched off, and get nothing of its environment', async () => {
    const { releaseId } = await world.release('bare', {
      's.yml': manifest('bare'),
      'sluice.yml': 'version: 1\nstages:\n  - {name: look, run: "id -u; env", image: nodejs20}\n',
    });
    const parts = world.parts({ sandbox: { available: true, mode: 'off' } });
    process.env['SLUICE_TEST_SECRET'] = 'of-the-host';
    try {
      await runActivity(parts, 'runCommand', { releaseId, group: 0, index: 0 });
    } finally {
      delete process.env['SLUICE_TEST_SECRET'];
    }
    const log = await logOf(releaseId);
    expect(log).toContain(`build stdout: ${process.getuid?.()}`);
    expect(log).not.toContain('of-the-host');
  });

  test('refuse a link that leads out of the function’s folder', async () => {
    const { releaseId } = await world.release('leak', {
      's.yml': manifest('leak'),
      'code/index.js': HANDLER,
    });
    symlinkSync('/etc/passwd', join(world.folder, 'clones', 'leak', 'code', 'data.json'));
    const pushed = await world.push('leak', {});
    expect(pushed.releaseId).not.toBe(releaseId);
    await expect(
      runActivity(world.parts(), 'packageRelease', { releaseId: pushed.releaseId }),
    ).rejects.toMatchObject({ type: 'Invalid', message: expect.stringContaining('data.json') });
  });
});

function processes(): string {
  return execFileSync('ps', ['-eo', 'args']).toString();
}
