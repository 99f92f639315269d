import { closeSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { helperPid } from '../../../test/support/helper-pid.ts';
import { Dialler, NotListeningError } from './dialler.ts';
import { writeHostsFile } from './hosts-file.ts';
import { InstanceProcess } from './process.ts';

const NODE = '/var/fc/bin/node';
const PORT = 9000;
const dialler = new Dialler();
const processes: InstanceProcess[] = [];
let home = '';

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-dialler-'));
});
afterEach(() => {
  for (const process of processes.splice(0)) process.kill();
});
afterAll(() => {
  dialler.close();
  rmSync(home, { recursive: true, force: true });
});

/** A sandbox that runs the script; resolves with a descriptor of its network. */
function network(script: string): Promise<number> {
  const instance = new InstanceProcess({
    sandbox: 'on',
    command: [NODE, '-e', script],
    mounts: [{ from: realpathSync(process.execPath), to: NODE }],
    env: {},
    codeFolder: home,
    image: undefined,
    hasChannel: false,
    hostsFile: writeHostsFile(home),
    seccompFile: '',
    instanceId: 'dialled',
    host: { launcher: undefined, group: undefined, tmpDisks: undefined, network: undefined },
  });
  processes.push(instance);
  return new Promise((resolve) => instance.onNetwork(resolve));
}

const greeting = (text: string, host = '0.0.0.0') =>
  `require('net').createServer((socket) => socket.end('${text}')).listen(${PORT}, '${host}')`;

async function read(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('the dialler', () => {
  test('reaches the servers of each namespace on the same port, also those on 127.0.0.1 alone', async () => {
    const [a, b] = await Promise.all([network(greeting('a')), network(greeting('b', '127.0.0.1'))]);
    const sockets = await Promise.all([a, b, a].map((each) => dialler.dial(each, PORT, 10_000)));
    expect(await Promise.all(sockets.map(read))).toEqual(['a', 'b', 'a']);
  });

  test('waits for a server as long as it is told to, then says that nothing listens', async () => {
    const late = await network(`setTimeout(() => ${greeting('late')}, 200)`);
    expect(await read(await dialler.dial(late, PORT, 10_000))).toBe('late');
    await expect(dialler.dial(late, PORT + 1, 20)).rejects.toBeInstanceOf(NotListeningError);
  });

  test('goes nowhere by a descriptor that is no namespace, or is closed', async () => {
    const file = openSync('/dev/null', 'r');
    await expect(dialler.dial(file, PORT, 0)).rejects.toThrow(/^(owner|setns net): /);
    closeSync(file);
    // Its number may be another file's by now; this one is nobody's.
    await expect(dialler.dial(2 ** 20, PORT, 0)).rejects.toThrow(/^open: /);
  });

  test('never falls back to the network of the engine', async () => {
    const empty = await network('setInterval(() => {}, 1000)');
    const { createServer } = await import('node:net');
    const own = createServer().listen(0);
    const { port } = own.address() as { port: number };
    await expect(dialler.dial(empty, port, 0)).rejects.toThrow(/^connect: /);
    own.close();
  });

  test('hands over many connections at once, each to its asker', async () => {
    const echo = await network(
      `require('net').createServer((socket) => socket.pipe(socket)).listen(${PORT})`,
    );
    await dialler.dial(echo, PORT, 10_000).then((socket) => socket.destroy());
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const socket = await dialler.dial(echo, PORT, 0);
        socket.end(String(index));
        return read(socket);
      }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
  });

  test('is started anew after its end; who waited is told', async () => {
    const silent = await network('setInterval(() => {}, 1000)');
    await expect(dialler.dial(silent, PORT, 0)).rejects.toThrow('connect');
    const waiting = dialler.dial(silent, PORT, 60_000);
    process.kill(helperPid('dialler.pl'), 'SIGKILL');
    await expect(waiting).rejects.toThrow('the dialler ended');
    const server = await network(greeting('again'));
    expect(await read(await dialler.dial(server, PORT, 10_000))).toBe('again');
  });
});
