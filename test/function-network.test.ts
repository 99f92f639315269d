/**
 * What functions reach, in a world of the test's own: an engine in a namespace that is "the host", with a default route to
 * another that is "the internet" and owns every address that a function may try. Each refusal has its control: the host
 * itself reaches the same address. Runs the compiled code in processes of their own, which can be killed.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hostResolvers } from '../src/engine/sandbox/network/resolvers.ts';

const DIST = join(import.meta.dirname, '..', 'dist');
const home = mkdtempSync(join(tmpdir(), 'sluice-network-'));
const hash = createHash('sha256').update(home).digest('hex').slice(0, 12);
const HOST = `t-host-${process.pid}`;
const INTERNET = `t-net-${process.pid}`;
/** Documentation ranges (RFC 5737); all of it exists in the test's namespaces only. */
const HOST_ADDRESS = '198.51.100.1';
const SITE = '203.0.113.9';
const METADATA = '169.254.169.254';
const PRIVATE = ['10.9.9.9', '172.16.9.9', '192.168.9.9', '100.64.9.9'];
const PORT = 8080;
const HOST_PORT = 7400;
const INSTANCE_PORT = 8000;
const [resolver] = hostResolvers();
const canRun =
  process.getuid?.() === 0 &&
  ['ip', 'nft', 'bwrap'].every((program) => spawnSync(program, ['--version']).error === undefined);

/** Says to every connection whom it sees, and to every question for an address 192.0.2.80. */
const SITE_SERVER = `
require('net').createServer((socket) => socket.end(socket.remoteAddress)).listen(${PORT}, '0.0.0.0');
require('net').createServer((socket) => socket.end(socket.remoteAddress)).listen(53, '0.0.0.0');
const dns = require('dgram').createSocket('udp4');
dns.on('message', (ask, from) => {
  const head = Buffer.from(ask); head.writeUInt16BE(0x8180, 2); head.writeUInt16BE(1, 6); head.writeUInt16BE(0, 10);
  const end = ask.indexOf(0, 12) + 5;
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80]);
  dns.send(Buffer.concat([head.subarray(0, end), answer]), from.port, from.address);
});
const own = require('dgram').createSocket('udp4');
own.on('message', (ask, from) => {
  const head = Buffer.from(ask); head.writeUInt16BE(0x8180, 2); head.writeUInt16BE(1, 6); head.writeUInt16BE(0, 10);
  const isLong = ask.includes('example');
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, isLong ? 82 : 81]);
  own.send(Buffer.concat([head.subarray(0, ask.indexOf(0, 12) + 5), answer]), from.port, from.address);
});
own.bind(53, '${SITE}');
dns.bind(53, '${resolver ?? '127.0.0.1'}', () => console.log('ready'));`;

/** Runs what comes a line: `{key, internetAccess, runtime, code}`; answers a line each. An empty line closes. */
const ENGINE = `
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { createRunner } from ${JSON.stringify(pathToFileURL(join(DIST, 'engine/invoke/runner.js')).href)};
import { createLog } from ${JSON.stringify(pathToFileURL(join(DIST, 'platform/log.js')).href)};
const home = ${JSON.stringify(home)};
createServer((socket) => socket.end('host')).listen(${HOST_PORT}, '0.0.0.0');
const runner = createRunner({ home, sandbox: 'on', region: 'cn-test', accountId: '1', secrets: [], log: createLog('test', 'error'),
  interpreters: {}, cache: home + '/cache', fetchRuntimes: false, limits: { waiting: 0 } });
const hook = { handler: '', timeoutMs: 3000 };
console.log(JSON.stringify(runner.limits.network));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === '') break;
  const { key, internetAccess, runtime, code, nameResolution } = JSON.parse(line);
  const revision = { key, service: 'shop', function: 'f', versionId: '', runtime, handler: 'index.handler', initializer: '',
    timeoutMs: 20000, initializationTimeoutMs: 3000, hooks: { preFreeze: hook, preStop: hook }, memoryMb: 128, instanceConcurrency: 1,
    environment: {}, server: { port: 9000, command: [], args: [] }, codeChecksum: '1', codeFolder: home + '/code', layerFolder: '',
    logProject: '', logStore: '', internetAccess, nameResolution, jaegerEndpoint: '' };
  const { body } = await runner.invoke(revision, { requestId: key, qualifier: 'LATEST', payload: Buffer.from(code), wantsLog: false,
    retryCount: 0, isProbe: false });
  console.log(body.toString());
}
await runner.close(0);
process.exit(0);`;

const HANDLER = `const fs = require('fs'); const net = require('net'); const os = require('os'); const dns = require('dns');
const dial = (host, port) => new Promise((resolve) => net.connect(port, host).on('data', (data) => resolve(String(data))).on('error', (error) => resolve(error.code)));
const keep = [];
exports.handler = async (event) => JSON.stringify(await eval(event.toString()));`;
const BOOTSTRAP = `#!/usr/bin/env node
require('http').createServer((request, response) => require('net').connect(${PORT}, '${SITE}')
  .on('data', (data) => response.end('served ' + data)).on('error', (error) => response.end(error.code))).listen(9000, '0.0.0.0');`;

function root(script: string): string {
  return execFileSync('/bin/sh', ['-e'], { input: script, encoding: 'utf8' });
}
const inHost = (script: string) =>
  execFileSync('nsenter', [`--net=/run/netns/${HOST}`, '/bin/sh', '-e'], {
    input: script,
    encoding: 'utf8',
  });
function started(namespace: string, args: string[]): ChildProcess {
  return spawn('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

class Engine {
  readonly #child = started(HOST, ['--input-type=module', '-e', ENGINE]);
  readonly #lines: AsyncIterator<string>;
  readonly #ended = new Promise((resolve) => this.#child.once('exit', resolve));

  constructor() {
    if (!this.#child.stdout) throw new Error('no output');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async answer(): Promise<unknown> {
    return JSON.parse(String((await this.#lines.next()).value));
  }

  /** Calls a function of its own for each `key`. */
  inside(code: string, { key = 'a', internetAccess = true, nameResolution = {} } = {}): Promise<unknown> {
    const call = {
      key: `${key}-${internetAccess}`,
      internetAccess,
      runtime: 'nodejs20',
      code,
      ...('nameServers' in nameResolution && { nameResolution }),
    };
    this.#child.stdin?.write(`${JSON.stringify(call)}\n`);
    return this.answer();
  }

  dial(host: string, port: number, internetAccess = true): Promise<unknown> {
    return this.inside(`dial('${host}', ${port})`, { internetAccess });
  }

  async custom(): Promise<string> {
    const call = { key: 'custom', internetAccess: true, runtime: 'custom', code: '' };
    this.#child.stdin?.write(`${JSON.stringify(call)}\n`);
    return String((await this.#lines.next()).value);
  }

  async close(signal?: 'SIGKILL'): Promise<void> {
    if (signal) this.#child.kill(signal);
    else this.#child.stdin?.write('\n');
    await this.#ended;
  }
}

/** What the host reaches by itself. */
const control = (host: string, port: number) =>
  inHost(
    `"${process.execPath}" -e "require('net').connect(${port}, '${host}').on('data', (d) => console.log(String(d))).on('error', (e) => console.log(e.code))"`,
  ).trim();
/** Ports of instances in the egress namespace. */
const instancePorts = () =>
  root(`ip -n sl-egress-${hash} -o link | grep -oE ': p[0-9]+@' || true`).split('\n').filter(Boolean);
/** Whatever the engine set up on its host. */
const traces = () => ({
  namespaces: root(`ip netns list | grep -F ${hash} || true`),
  links: inHost('ip -o link | grep -F ": sl-" || true'),
  rules: inHost('nft list ruleset'),
  forwarding: inHost('cat /proc/sys/net/ipv4/ip_forward').trim(),
});
const NOTHING = { namespaces: '', links: '', rules: '', forwarding: '0' };

describe.skipIf(!canRun)('the network of functions', () => {
  let site: ChildProcess;
  let engine: Engine;

  beforeAll(async () => {
    const addresses = [SITE, METADATA, ...PRIVATE, ...(resolver === undefined ? [] : [resolver])];
    root(`ip netns add ${HOST}; ip netns add ${INTERNET}
ip -n ${HOST} link set dev lo up; ip -n ${INTERNET} link set dev lo up
ip -n ${HOST} link add up0 type veth peer name eth0 netns ${INTERNET}
ip -n ${HOST} addr add ${HOST_ADDRESS}/30 dev up0; ip -n ${HOST} link set dev up0 up
ip -n ${INTERNET} addr add 198.51.100.2/30 dev eth0; ip -n ${INTERNET} link set dev eth0 up
ip -n ${HOST} route add default via 198.51.100.2
${addresses.map((address) => `ip -n ${INTERNET} addr add ${address}/32 dev lo`).join('\n')}`);
    inHost('echo 0 >/proc/sys/net/ipv4/ip_forward');
    site = started(INTERNET, ['-e', SITE_SERVER]);
    await new Promise((resolve) => site.stdout?.once('data', resolve));
    mkdirSync(join(home, 'code'), { recursive: true });
    writeFileSync(join(home, 'code', 'index.js'), HANDLER);
    writeFileSync(join(home, 'code', 'bootstrap'), BOOTSTRAP);
    chmodSync(join(home, 'code', 'bootstrap'), 0o755);
  });
  beforeEach(async () => {
    engine = new Engine();
    const expected = resolver === undefined ? 'internet without names' : 'internet';
    expect(await engine.answer()).toMatchObject({ state: expected });
  });
  afterEach(async () => {
    await engine.close();
    expect(traces()).toEqual(NOTHING);
  });
  afterAll(() => {
    site.kill();
    root(`ip netns del ${HOST}; ip netns del ${INTERNET}`);
    rmSync(home, { recursive: true, force: true });
  });

  test("the internet is reached with the host's address, by functions and by servers that the engine reaches", async () => {
    expect(await engine.dial(SITE, PORT)).toBe(HOST_ADDRESS);
    expect(await engine.custom()).toBe(`served ${HOST_ADDRESS}`);
  });

  test('the metadata service and private networks are refused at once, though the host reaches them', async () => {
    for (const address of [METADATA, ...PRIVATE]) {
      expect(control(address, PORT)).toBe(HOST_ADDRESS);
      expect(await engine.dial(address, PORT)).toBe('ECONNREFUSED');
    }
  });

  test('no address of the host is reached, neither its own nor those of the way out', async () => {
    expect(control(HOST_ADDRESS, HOST_PORT)).toBe('host');
    const link = /inet (198\.18\S+|198\.19\S+)\/30/.exec(inHost('ip -4 -o addr'))?.[1] ?? '';
    expect(control(link, HOST_PORT)).toBe('host');
    for (const address of [HOST_ADDRESS, link, '100.126.0.1', '127.0.0.1'])
      expect(await engine.dial(address, HOST_PORT)).toBe('ECONNREFUSED');
  });

  test('another instance is not reached, nor is any from outside', async () => {
    const listen = `new Promise((resolve) => keep.push(net.createServer((socket) => socket.end('instance')).listen(${INSTANCE_PORT}, '0.0.0.0', () => resolve(os.networkInterfaces().eth0[0].address))))`;
    const address = String(await engine.inside(listen, { key: 'b' }));
    expect(await engine.inside(`dial('${address}', ${INSTANCE_PORT})`, { key: 'b' })).toBe('instance');
    expect(await engine.dial(address, INSTANCE_PORT)).toBe('ECONNREFUSED');
    const egress = /inet (\S+)\/30/.exec(root(`ip -n sl-egress-${hash} -4 -o addr show dev out0`))?.[1] ?? '';
    inHost(`ip route add ${address}/32 via ${egress}`);
    expect(control(address, INSTANCE_PORT)).toBe('ECONNREFUSED');
    expect(control(egress, INSTANCE_PORT)).toBe('ECONNREFUSED');
  });

  test.skipIf(resolver === undefined)(
    "names are asked of the host's resolver, of which no other port is reached",
    async () => {
      expect(await engine.inside("dns.promises.resolve4('shop.example')")).toEqual(['192.0.2.80']);
      expect(await engine.inside("dns.promises.lookup('shop.example', 4)")).toMatchObject({
        address: '192.0.2.80',
      });
      expect(await engine.dial(resolver ?? '', 53)).toBe(HOST_ADDRESS);
      if (/^(10|192\.168)\./.test(resolver ?? ''))
        expect(await engine.dial(resolver ?? '', PORT)).toBe('ECONNREFUSED');
      expect(await engine.dial(PRIVATE[0] ?? '', 53)).toBe('ECONNREFUSED');
    },
  );

  test('there is no IPv6 outside loopback, whose addresses stay', async () => {
    const families =
      'Object.entries(os.networkInterfaces()).map(([name, all]) => [name, all.map(({ family }) => family)])';
    expect(await engine.inside(families)).toEqual([
      ['lo', ['IPv4', 'IPv6']],
      ['eth0', ['IPv4']],
    ]);
  });

  test('names are asked of the servers that the function names, by its search domains and options', async () => {
    const nameResolution = {
      nameServers: [SITE],
      searches: ['shop.example'],
      options: ['ndots:2', 'timeout:1'],
    };
    const own = { key: 'own', nameResolution };
    expect(await engine.inside("fs.readFileSync('/etc/resolv.conf', 'utf8')", own)).toBe(
      `nameserver ${SITE}\nsearch shop.example\noptions ndots:2 timeout:1\n`,
    );
    expect(await engine.inside("dns.promises.resolve4('plain.test')", own)).toEqual(['192.0.2.81']);
    // With the search domain behind it, as the C library asks first.
    expect(await engine.inside("dns.promises.lookup('cart', 4)", own)).toMatchObject({
      address: '192.0.2.82',
    });
    const without = { key: 'own-off', internetAccess: false, nameResolution };
    expect(
      await engine.inside("dns.promises.resolve4('plain.test').catch((error) => error.code)", without),
    ).toBe('ECONNREFUSED');
  });

  test('without internetAccess nothing is reached, not even the resolver', async () => {
    for (const address of [SITE, METADATA, HOST_ADDRESS, '100.126.0.1', ...PRIVATE])
      expect(await engine.dial(address, PORT, false)).toBe('ENETUNREACH');
    expect(await engine.inside('Object.keys(os.networkInterfaces())', { internetAccess: false })).toEqual([
      'lo',
    ]);
    expect(
      await engine.inside("require('fs').existsSync('/etc/resolv.conf')", { internetAccess: false }),
    ).toBe(false);
  });

  test("the host forwards functions' packets and nobody else's, where it forwarded nothing before", async () => {
    const other = `t-lan-${process.pid}`;
    root(`ip netns add ${other}
ip -n ${HOST} link add lan0 type veth peer name eth0 netns ${other}
ip -n ${HOST} addr add 198.51.100.5/30 dev lan0; ip -n ${HOST} link set dev lan0 up
ip -n ${other} addr add 198.51.100.6/30 dev eth0; ip -n ${other} link set dev eth0 up
ip -n ${other} route add default via 198.51.100.5
ip -n ${INTERNET} route add 198.51.100.4/30 via ${HOST_ADDRESS}`);
    const knock = () =>
      spawnSync(
        'nsenter',
        [
          `--net=/run/netns/${other}`,
          process.execPath,
          '-e',
          `require('net').connect(${PORT}, '${SITE}').on('data', (d) => { console.log(String(d)); process.exit(); }); setTimeout(() => process.exit(), 1000)`,
        ],
        { encoding: 'utf8' },
      ).stdout.trim();
    try {
      expect(await engine.dial(SITE, PORT)).toBe(HOST_ADDRESS);
      expect(knock()).toBe('');
      inHost(
        'nft flush chain ip sluice_forward forward; nft "chain ip sluice_forward forward { policy accept; }"',
      );
      expect(knock()).toBe('198.51.100.6');
    } finally {
      root(`ip netns del ${other}`);
    }
  });

  test('a killed engine leaves no instance, and its next start removes the rest', async () => {
    expect(await engine.dial(SITE, PORT)).toBe(HOST_ADDRESS);
    expect(instancePorts()).toHaveLength(1);
    await engine.close('SIGKILL');
    await expect.poll(instancePorts, { timeout: 10_000 }).toEqual([]);
    expect(existsSync(`/run/netns/sl-egress-${hash}`)).toBe(true);
    engine = new Engine();
    await engine.answer();
    expect(await engine.dial(SITE, PORT)).toBe(HOST_ADDRESS);
    expect(instancePorts()).toHaveLength(1);
  });
});
