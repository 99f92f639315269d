/**
 * The engine on hosts that give it less: without bubblewrap and most interpreters, without the right to make namespaces,
 * with the sandbox switched off, and without root. Each is the real engine in a mount namespace of its own, where what is to
 * be missing is not there.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { SUPPORTED_RUNTIMES } from '../src/domain/names/runtimes.ts';
import {
  functionOf,
  refusal,
  sdkFor,
  send,
  serverFunction,
  startEngineProcess,
  zipOf,
  type EngineProcess,
  type Sdk,
} from './support/engine-process.ts';
import { startTestPostgres, type TestPostgres } from './support/postgres.ts';

const REPOSITORY = join(import.meta.dirname, '..');
const NOBODY = 65_534;
const DROP = `setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups`;
/** As root, with mounts of its own. */
const canRun = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
/** Containers and some kernels keep it from everybody but root. */
const hasUserNamespaces = canRun && spawnSync('/bin/sh', ['-c', `${DROP} unshare -U true`]).status === 0;
/** Programs that the bare host does not have. */
const TAKEN = /^(bwrap|mcs|php|java|skopeo|python)/;
const PROGRAMS = '/usr/bin/';
const JVMS = '/usr/lib/jvm';
const NAMED = `nodejs12=${process.execPath},nodejs14=/bin/true`;

const folder = mkdtempSync(join(tmpdir(), 'sluice-hosts-'));
let postgres: TestPostgres;
beforeAll(async () => {
  chmodSync(folder, 0o755);
  postgres = await startTestPostgres();
  // Whoever the engine is, it may connect; PostgreSQL trusts all.
  chmodSync(postgres.url.split('host=')[1] ?? '', 0o755);
});
afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A host as `EngineSettings.host`: a shell script in a mount namespace; its last line starts Node.js with `$@`. */
function hostOf(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\nexec unshare -m --propagation private /bin/sh -e -c '${script}' sh "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Without the programs in `TAKEN`: what is left of `/usr/bin` lies there as links. */
function bareHost(): string {
  const [all, left, none] = [join(folder, 'bin-all'), join(folder, 'bin-left'), join(folder, 'none')];
  for (const part of [all, left, none]) mkdirSync(part);
  for (const name of readdirSync(PROGRAMS)) {
    const path = join(PROGRAMS, name);
    if (TAKEN.test(name) || !existsSync(path)) continue;
    const real = realpathSync(path);
    symlinkSync(real.startsWith(PROGRAMS) ? join(all, real.slice(PROGRAMS.length)) : real, join(left, name));
  }
  return hostOf(
    'host-bare',
    `mount --bind ${PROGRAMS} ${all}; mount --bind ${left} ${PROGRAMS}; [ ! -d ${JVMS} ] || mount --bind ${none} ${JVMS}; PATH=/usr/sbin:/usr/bin:/sbin:/bin; exec ${process.execPath} "$@"`,
  );
}

async function start(host: string | undefined, home: string, env: Readonly<Record<string, string>> = {}) {
  mkdirSync(join(folder, home), { recursive: true });
  const engine = await startEngineProcess({
    home: join(folder, home),
    databaseUrl: postgres.url,
    env: { SLUICE_CACHE: join(folder, home, 'cache'), SLUICE_FETCH_RUNTIMES: '0', ...env },
    ...(host !== undefined && { host }),
  });
  onTestFinished(async () => {
    await engine.end('SIGTERM');
  });
  return { engine, sdk: sdkFor(engine), parts: await partsOf(engine) };
}

interface Parts {
  readonly sandbox: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly runtimes: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What `/readyz` says, which is ready whatever the host lacks. */
async function partsOf(engine: EngineProcess): Promise<Parts> {
  const answer = await send(engine, { path: '/readyz', isSigned: false });
  expect(answer.status).toBe(200);
  return answer.json()['parts'] as Parts;
}

let serial = 0;
async function newService(sdk: Sdk): Promise<string> {
  serial += 1;
  await sdk.createService(`host${serial}`, {});
  return `host${serial}`;
}

describe.skipIf(!canRun)('a host without bubblewrap and without interpreters', () => {
  let bare: string;
  beforeAll(() => {
    bare = bareHost();
  });

  test('refuses calls with the mend in the message, on /readyz and in the log; the rest works', async () => {
    const { engine, sdk, parts } = await start(bare, 'bare');
    const mend = {
      state: 'missing',
      reason: 'bubblewrap is not installed',
      mend: 'apt-get install bubblewrap',
    };
    expect(parts.sandbox).toEqual(mend);
    expect(engine.output()).toContain(`functions cannot run: ${mend.reason}; mend: ${mend.mend}`);
    const service = await newService(sdk);
    await sdk.createFunction(service, await functionOf('hello', "async () => 'here'"));
    await sdk.publishVersion(service, 'first');
    expect((await sdk.listVersions(service)).data).toMatchObject({ versions: [{ versionId: '1' }] });
    expect(await refusal(sdk.invokeFunction(service, 'hello', ''))).toContain(`502 SandboxNotAvailable: `);
    expect(await refusal(sdk.invokeFunction(service, 'hello', ''))).toContain(
      `${mend.reason}; mend: ${mend.mend}`,
    );
  });

  test('says at every start and on /readyz where the sandbox is switched off, and runs functions', async () => {
    for (const at of ['first', 'second']) {
      const { engine, sdk, parts } = await start(bare, 'bare', {
        SLUICE_SANDBOX: 'off',
        SLUICE_RUNTIMES: NAMED,
        SLUICE_INSTANCES: '1',
      });
      expect(parts.sandbox).toEqual({ state: 'off' });
      expect(parts.limits).toMatchObject({ state: 'missing', reason: 'SLUICE_SANDBOX is off' });
      expect(engine.output()).toContain('SLUICE_SANDBOX=off: functions run as the user of the engine');
      const service = await newService(sdk);
      await sdk.createFunction(service, await functionOf('hello', 'async () => String(process.getuid())'));
      expect((await sdk.invokeFunction(service, 'hello', '')).data).toBe('0');
      if (at === 'first') await expectOneInstance(sdk, service);
      else await expectRuntimes(sdk, parts);
      await engine.end('SIGTERM');
    }
  });
});

/** The region's limit is what the operator says, not 300: `hello` gives way to another function. */
async function expectOneInstance(sdk: Sdk, service: string): Promise<void> {
  expect((await sdk.getAccountConfigs()).data).toMatchObject({ Concurrency: '1' });
  const instances = async (name: string) =>
    ((await sdk.listInstances(service, name)).data as { instances: object[] }).instances.length;
  expect(await instances('hello')).toBe(1);
  await sdk.createFunction(service, await functionOf('other', "async () => 'other'"));
  expect((await sdk.invokeFunction(service, 'other', '')).data).toBe('other');
  expect([await instances('hello'), await instances('other')]).toEqual([0, 1]);
}

/** Every runtime has its row: exact, compatible, or missing with what would mend it, which its calls say too. */
async function expectRuntimes(sdk: Sdk, { runtimes }: Parts): Promise<void> {
  expect(Object.keys(runtimes).sort()).toEqual([...SUPPORTED_RUNTIMES].sort());
  const major = Number(/^v(\d+)/.exec(process.version)?.[1]);
  expect(runtimes).toMatchObject({
    [`nodejs${major}`]: { state: 'exact', version: `Node.js ${process.version}` },
    nodejs12: { state: 'compatible', version: `Node.js ${process.version}` },
    custom: { state: 'exact' },
  });
  const missing: Record<string, string> = {
    nodejs14: "runtime 'nodejs14' needs Node.js 14 on the engine host; found: /bin/true",
    'python2.7': "runtime 'python2.7' needs python 2.7 on the engine host; found: none.",
    python3: "runtime 'python3' needs python",
    'python3.9': "runtime 'python3.9' needs python",
    java8: "runtime 'java8' needs a JRE >= 8 on the engine host; found: none",
    java11: "runtime 'java11' needs a JRE >= 11 on the engine host; found: none",
    'php7.2': "runtime 'php7.2' needs php >= 7.2 on the engine host; found: none.",
    'dotnetcore2.1':
      "runtime 'dotnetcore2.1' needs a .NET Core runtime >= 2.1 on the engine host; found: none, and it is fetched by pip and its shim is compiled on first use, and this host has no C# compiler (mcs) and no pip. Install them (apt-get install mono-mcs python3-pip)",
    'custom-container': "runtime 'custom-container' needs skopeo",
  };
  for (const [id, reason] of Object.entries(missing)) {
    expect(runtimes[id]).toEqual({ state: 'missing', reason: expect.stringContaining(reason) });
    // A function of it can be made, and says the same when it is called.
    if (id === 'custom-container') continue;
    const service = await newService(sdk);
    const zip = (await zipOf({ 'index.js': '' })).toString('base64');
    const code = { zipFile: zip };
    await sdk.createFunction(service, { functionName: 'f', runtime: id, handler: 'a.b', code });
    const refused = await refusal(sdk.invokeFunction(service, 'f', ''));
    expect(refused).toMatch(/^502 RuntimeNotAvailable: /);
    expect(refused).toContain(runtimes[id]?.['reason']);
  }
}

test.skipIf(!canRun)(
  'a host that forbids namespaces refuses calls, and what it says is not to install what is there',
  async () => {
    const host = hostOf(
      'host-bound',
      `exec setpriv --bounding-set -sys_admin --inh-caps -all ${process.execPath} "$@"`,
    );
    const { sdk, parts } = await start(host, 'bare');
    expect(parts.sandbox).toEqual({
      state: 'missing',
      reason: expect.stringMatching(/^bubblewrap cannot make a sandbox here: .*Operation not permitted/),
      mend: expect.stringContaining('CAP_SYS_ADMIN'),
    });
    const service = await newService(sdk);
    await sdk.createFunction(service, await functionOf('hello', "async () => 'here'"));
    expect(await refusal(sdk.invokeFunction(service, 'hello', ''))).toContain(
      `; mend: ${parts.sandbox['mend']}`,
    );
  },
);

describe.skipIf(!hasUserNamespaces)('without root', () => {
  const [repository, programs] = [join(folder, 'repository'), join(folder, 'node', 'bin')];
  beforeAll(() => {
    for (const part of [repository, programs]) mkdirSync(part, { recursive: true });
    for (const part of ['plain-home', 'plain-build']) {
      mkdirSync(join(folder, part));
      chownSync(join(folder, part), NOBODY, NOBODY);
    }
  });

  /** Sluice's own files, which may lie where only root can go, are at `repository`; Node.js gets these arguments. */
  const plainHost = (name: string, args: string) =>
    hostOf(
      name,
      `mount --bind ${REPOSITORY} ${repository}; mount --bind ${dirname(process.execPath)} ${programs}; exec ${DROP} ${programs}/${basename(process.execPath)} ${args}`,
    );

  test('builds run in their sandbox all the same', () => {
    const own = join(folder, 'plain-build');
    const code = `
import { runBuildCommand } from '${repository}/dist/activities/build/run-in-sandbox.js';
import { probeSandbox } from '${repository}/dist/platform/sandbox.js';
const exit = await runBuildCommand(probeSandbox('on'), { folder: '${own}', cache: '${own}/cache', run: 'id -u; ls ${own}; echo built > out',
  log: { write: (stream, line) => console.log(line) }, signal: new AbortController().signal });
console.log('exit ' + exit);`;
    writeFileSync(join(folder, 'build.mjs'), code);
    const host = plainHost('host-plain-build', join(folder, 'build.mjs'));
    const { stdout, stderr } = spawnSync(host, { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
    expect({ lines: stdout.trim().split('\n'), stderr }).toEqual({
      lines: ['10004', expect.stringContaining('No such file or directory'), 'exit 0'],
      stderr: '',
    });
    expect(readFileSync(join(own, 'out'), 'utf8')).toBe('built\n');
  });

  test('functions run in their sandbox all the same, and what is missing is said', async () => {
    const host = plainHost('host-plain', `${repository}/dist/engine/main.js`);
    const { engine, sdk, parts } = await start(host, 'plain-home');
    expect(parts.sandbox).toEqual({ state: 'on' });
    expect(parts.limits).toMatchObject({
      state: 'missing',
      mend: expect.stringContaining('root'),
      network: { state: 'loopback', mend: 'run the engine as root' },
    });
    expect(engine.output()).toContain('functions run without limits: ');
    const service = await newService(sdk);
    const look = `async () => { const fs = require('fs'); const status = fs.readFileSync('/proc/self/status', 'utf8');
      const tried = (act) => { try { return String(act()); } catch (error) { return error.code; } };
      return { user: process.getuid(), capabilities: /CapBnd:\\t(\\w+)/.exec(status)[1], filter: /Seccomp:\\t(\\d)/.exec(status)[1],
        processes: fs.readdirSync('/proc').filter(Number).length, links: Object.keys(require('os').networkInterfaces()),
        home: tried(() => fs.readdirSync('${join(folder, 'plain-home')}')), code: tried(() => fs.writeFileSync('/code/new', '')),
        tmp: tried(() => fs.writeFileSync('/tmp/new', '')), engine: tried(() => process.kill(${engine.child.pid}, 0)) }; }`;
    await sdk.createFunction(service, await functionOf('look', look));
    expect(JSON.parse(String((await sdk.invokeFunction(service, 'look', '')).data))).toEqual({
      user: 10_003,
      capabilities: '0000000000000000',
      filter: '2',
      processes: expect.any(Number),
      links: ['lo'],
      home: 'ENOENT',
      code: expect.stringMatching(/^(EROFS|EACCES)$/),
      tmp: 'undefined',
      engine: 'ESRCH',
    });
    const program =
      "require('http').createServer((request, response) => response.end('served')).listen(process.env.FC_SERVER_PORT);";
    await sdk.createFunction(service, await serverFunction('own', program));
    expect((await sdk.invokeFunction(service, 'own', '')).data).toBe('served');
  });
});
