/** InstanceExec: a command in an instance over a WebSocket, by the public SDK and without it; real sandboxes. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { authorization, functionOf, send, type Sdk } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

interface Session {
  readonly websocket: WebSocket;
  sendMessage(data: Uint8Array): void;
  close(): void;
}
interface Hooks {
  onStdout?(data: Buffer): void;
}
type ExecSdk = Sdk & {
  instanceExec(
    service: string,
    name: string,
    qualifier: string,
    instance: string,
    options: object,
    hooks: Hooks,
  ): Promise<Session>;
};

let engine: TestEngine;
let sdk: ExecSdk;
let instance: string;
beforeAll(async () => {
  engine = await startTestEngine();
  sdk = engine.sdk as ExecSdk;
  await sdk.createService('shop', {});
  for (const name of ['cart', 'other'])
    await sdk.createFunction('shop', {
      ...(await functionOf(name, 'async () => 1')),
      environmentVariables: { OWN: 'mine' },
    });
});
beforeEach(async () => {
  instance = await instanceOf('cart');
});
afterAll(() => engine.close());

async function instanceOf(name: string): Promise<string> {
  return (await sdk.invokeFunction('shop', name, '')).headers['x-fc-instance-id'] ?? '';
}

const pathOf = (query: string, id = instance, name = 'cart', service = 'shop'): string =>
  `/2016-08-15/services/${service}/functions/${name}/instances/${id}/exec?${query}`;

/** A client of our own, which signs as the SDKs do: as GET, and the path without its query. */
function open(path: string, headers: Readonly<Record<string, string>> = {}): WebSocket {
  const date = new Date().toUTCString();
  const signed = { date, ...headers };
  return new WebSocket(`ws://127.0.0.1:${engine.process.port}${path}`, {
    headers: { ...signed, authorization: authorization('GET', path.split('?')[0] ?? '', signed) },
  });
}

/** One that is open. A command that was ended before counts until its processes are gone, which no client waits for. */
function started(path: string): Promise<WebSocket> {
  const start = async (): Promise<WebSocket> => {
    const socket = open(path);
    await once(socket, 'open');
    return socket;
  };
  return vi.waitFor(start, { timeout: 10_000 });
}

interface Seen {
  readonly channels: Readonly<Record<number, string>>;
  readonly code: number;
  readonly reason: string;
}
/** Everything until the close. */
async function finish(socket: WebSocket): Promise<Seen> {
  const channels: Record<number, string> = {};
  socket.on('message', (data: Buffer, isBinary) => {
    expect(isBinary).toBe(true);
    channels[data[0] ?? -1] = (channels[data[0] ?? -1] ?? '') + data.subarray(1).toString();
  });
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return { channels, code, reason: reason.toString() };
}
const command = (...parts: string[]): string =>
  parts.map((part) => `command=${encodeURIComponent(part)}`).join('&');

/** Status, code and message where there is no WebSocket. */
async function refused(socket: WebSocket): Promise<string> {
  socket.on('error', () => undefined);
  const [, answer] = await once(socket, 'unexpected-response');
  const body = JSON.parse(await text(answer)) as { ErrorCode: string; ErrorMessage: string };
  expect(answer.headers['x-fc-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  return `${answer.statusCode} ${body.ErrorCode}: ${body.ErrorMessage}`;
}

describe('InstanceExec', () => {
  test('gives a shell with a terminal to the public SDK', async () => {
    let seen = '';
    const session = await sdk.instanceExec(
      'shop',
      'cart',
      '',
      instance,
      {},
      {
        onStdout: (data) => {
          seen += data.toString();
        },
      },
    );
    await once(session.websocket, 'open');
    session.sendMessage(Buffer.from('\0echo $OWN-$((40+2)); id -u; pwd; exit\r'));
    const [code] = (await once(session.websocket, 'close')) as [number];
    expect(code).toBe(1000);
    expect(seen).toMatch(/mine-42\r\n10003\r\n\/code\r\n/);
  });

  test('gives stdout and stderr apart, and tells the exit status when it closes', async () => {
    const seen = await finish(open(pathOf(command('sh', '-c', 'echo out; echo err >&2; exit 3'))));
    expect(seen).toEqual({ channels: { 1: 'out\n', 2: 'err\n' }, code: 1000, reason: 'exit status 3' });
    const quiet = await finish(
      open(pathOf(`${command('sh', '-c', 'echo out; echo err >&2')}&stdout=false&stderr=false`)),
    );
    expect(quiet.channels).toEqual({});
  });

  test('takes stdin in text and in binary frames, as the SDKs send it', async () => {
    const socket = open(pathOf(`${command('head', '-c', '10')}&stdin=true`));
    await once(socket, 'open');
    socket.send('\0hello');
    socket.send(Buffer.from('\0world'));
    expect((await finish(socket)).channels).toEqual({ 1: 'helloworld' });
  });

  test('passes what is large without holding it — backpressure goes to the command', async () => {
    const socket = open(pathOf(command('head', '-c', '20000000', '/dev/zero')));
    let bytes = 0;
    socket.on('message', (data: Buffer) => {
      bytes += data.length - 1;
    });
    await once(socket, 'close');
    expect(bytes).toBe(20_000_000);
  });

  test('changes the size of a terminal, and refuses what is none', async () => {
    const sized = open(
      pathOf(
        `${command('sh', '-c', 'trap "stty size; exit" WINCH; echo up; while :; do sleep 0.05; done')}&tty=true`,
      ),
    );
    sized.once('message', () => sized.send(Buffer.from('\u0004{"Width":120,"Height":50}')));
    expect((await finish(sized)).channels[1]).toContain('50 120');
    for (const size of ['{"Width":0,"Height":1}', '[]', 'x', '{"Width":1e9,"Height":1}']) {
      const socket = await started(pathOf(`${command('sleep', '60')}&tty=true`));
      socket.send(Buffer.from(`\u0004${size}`));
      expect((await finish(socket)).code).toBe(1003);
    }
  });

  test('says on channel 3 that there is no such program', async () => {
    const { channels, code } = await finish(open(pathOf(command('no-such-program'))));
    expect(channels).toEqual({ 3: 'the command cannot run: no-such-program: No such file or directory' });
    expect(code).toBe(1011);
  });

  test('ends the command with the socket — closed, cut, or closed by channel 5', async () => {
    const mark = `sleep ${300 + Math.round(Math.random() * 1e6)}`;
    const running = async (): Promise<number> => {
      const { channels } = await finish(
        open(pathOf(command('sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'))),
      );
      return (channels[1] ?? '').split(`${mark} `).length - 1;
    };
    for (const leave of [
      (socket: WebSocket) => socket.close(),
      (socket: WebSocket) => socket.terminate(),
      (socket: WebSocket) => socket.send(Buffer.of(5)),
    ]) {
      const socket = open(pathOf(command('sh', '-c', `trap "" HUP TERM; echo up; setsid ${mark} & ${mark}`)));
      await once(socket, 'message');
      await expect.poll(running).toBeGreaterThanOrEqual(2);
      leave(socket);
      await expect.poll(running).toBe(0);
    }
  });

  test('hears its client also where the command takes no input any more, however much of it came', async () => {
    const socket = open(pathOf(`${command('sh', '-c', 'exec <&-; echo up; exec sleep 300')}&stdin=true`));
    await once(socket, 'message');
    const input = Buffer.alloc(1024 * 1024);
    for (let sent = 0; sent < 4; sent += 1) socket.send(input);
    socket.send(Buffer.of(5));
    // Not because nothing came.
    expect(await finish(socket)).toMatchObject({ code: 1000, reason: '' });
  });

  test('ends what is silent for idleTimeout, ping or not', async () => {
    const socket = open(pathOf(`${command('sleep', '300')}&idleTimeout=1`));
    const pings = setInterval(() => socket.ping(), 100);
    const { code, reason } = await finish(socket);
    clearInterval(pings);
    expect([code, reason]).toEqual([1000, 'nothing came for 1 s']);
  });

  test('is told when the instance ends', async () => {
    const id = await instanceOf('other');
    const socket = open(pathOf(command('sh', '-c', 'echo up; exec sleep 300'), id, 'other'));
    await once(socket, 'message');
    await sdk.updateFunction('shop', 'other', { environmentVariables: { NEW: '1' } });
    expect((await finish(socket)).code).toBe(1000);
    expect(await refused(open(pathOf(command('true'), id, 'other')))).toMatch(/^404 InstanceNotFound/);
  });
});

test('a killed engine leaves no command behind', async () => {
  const mark = `${3_000_000 + Math.round(Math.random() * 1e6)}`;
  const socket = open(
    pathOf(command('sh', '-c', `trap "" HUP TERM; echo up; setsid sleep ${mark} & sleep ${mark}`)),
  );
  socket.on('error', () => undefined);
  await once(socket, 'message');
  const running = (): number =>
    readdirSync('/proc').filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'latin1') === `sleep\0${mark}\0`;
      } catch {
        return false;
      }
    }).length;
  await expect.poll(running).toBe(2);
  await engine.restart('SIGKILL');
  await expect.poll(running).toBe(0);
});

describe('InstanceExec refuses', () => {
  test('whoever is not signed, signs something else, or with another key', async () => {
    const path = pathOf(command('id'));
    const plain = new WebSocket(`ws://127.0.0.1:${engine.process.port}${path}`);
    expect(await refused(plain)).toMatch(/^400 MissingRequiredHeader/);
    const date = new Date().toUTCString();
    for (const [method, resource] of [
      ['POST', path.split('?')[0]],
      ['GET', path.split('?')[0]?.replace('cart', 'other')],
    ] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${engine.process.port}${path}`, {
        headers: { date, authorization: authorization(method, resource ?? '', { date }) },
      });
      expect(await refused(socket)).toMatch(/^403 SignatureNotMatch/);
    }
    const late = new Date(Date.now() - 3_600_000).toUTCString();
    expect(await refused(open(path, { date: late }))).toMatch(/^403 AccessDenied/);
  });

  test('what is not there — an instance of another function is none of this one', async () => {
    const query = command('id');
    expect(await refused(open(pathOf(query, 'c-none')))).toMatch(/^404 InstanceNotFound/);
    expect(await refused(open(pathOf(query, instance, 'other')))).toMatch(/^404 InstanceNotFound/);
    expect(await refused(open(pathOf(query, instance, 'none')))).toMatch(/^404 FunctionNotFound/);
    expect(await refused(open(pathOf(query, instance, 'cart', 'none')))).toMatch(/^404 ServiceNotFound/);
    expect(await refused(open(pathOf(query, instance, 'cart', 'shop.9')))).toMatch(/^404 VersionNotFound/);
  });

  test('queries that say nothing, and requests that are no WebSocket', async () => {
    for (const [query, message] of [
      ['tty=yes', 'tty must be true or false'],
      ['idleTimeout=0', 'idleTimeout must be a whole number of seconds from 1 to 3600'],
      ['idleTimeout=1.5', 'idleTimeout must be'],
      ['command=a%00b', 'command has a zero character'],
      [Array.from({ length: 129 }, () => 'command=a').join('&'), 'command is given 129 times; at most 128'],
    ] as const)
      expect(await refused(open(pathOf(query)))).toContain(`400 InvalidArgument: ${message}`);
    const answer = await send(engine.process, { path: pathOf('command=id') });
    expect([answer.status, answer.json().ErrorMessage]).toEqual([
      400,
      'InstanceExec is a WebSocket; send Connection: Upgrade and Upgrade: websocket',
    ]);
  });

  test('a handshake that is none, before anything is started', async () => {
    const path = pathOf(command('id'));
    const date = new Date().toUTCString();
    const socket = connect(engine.process.port, '127.0.0.1');
    socket.end(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: short\r\nDate: ${date}\r\nAuthorization: ${authorization('GET', path.split('?')[0] ?? '', { date })}\r\n\r\n`,
    );
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 .*Sec-WebSocket-Key is missing or not valid/s);
  });

  test('channels that are not for clients, stdin that was not asked for, and frames that are too large', async () => {
    for (const [data, code] of [
      [Buffer.from('\u0001out'), 1003],
      [Buffer.from('\0in'), 1008],
      [Buffer.alloc(1024 * 1024 + 1), 1009],
    ] as const) {
      const socket = await started(pathOf(command('sleep', '60')));
      socket.send(data);
      expect((await finish(socket)).code).toBe(code);
    }
  });

  test('a fifth command in an instance', async () => {
    const four = await Promise.all([1, 2, 3, 4].map(() => started(pathOf(command('sleep', '60')))));
    expect(await refused(open(pathOf(command('id'))))).toMatch(/^429 ResourceExhausted/);
    const closed = four.map((socket) => once(socket, 'close'));
    for (const socket of four) socket.terminate();
    await Promise.all(closed);
    await expect.poll(async () => (await attempt()).channels[1]).toBe('again\n');
  });

  /** @throws Error where it is refused */
  async function attempt(): Promise<Seen> {
    return finish(open(pathOf(command('echo', 'again'))));
  }
});
