/**
 * What a process holds when it is at rest, as a test sees it: its heap after two collections that it makes itself, asked
 * for by its inspector, and its descriptors. Start it with `INSPECTED` in its environment.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { EngineProcess } from './engine-process.ts';

/** On a free port of loopback, which it says on its standard error. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

const MEMORY = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())';
const Evaluated = z.object({ result: z.object({ value: z.number() }) });

/** State of a socket in `/proc/net/tcp`. */
const LISTENS = '0A';

export interface Held {
  /** Of objects and of buffers outside of the heap. */
  readonly bytes: number;
  /** Files, pipes and TCP sockets; connections to the database come and go with its pool. */
  readonly descriptors: number;
  /** Connections that came in at the process's port, of them. */
  readonly callers: number;
}

export async function held(process: EngineProcess): Promise<Held> {
  const [url] = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(process.output()) ?? [];
  if (url === undefined) throw new Error('the process was not started with INSPECTED');
  const inspector = new WebSocket(url);
  await new Promise((resolve, reject) => {
    inspector.once('open', resolve);
    inspector.once('error', reject);
  });
  let serial = 0;
  const ask = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve) => {
      serial += 1;
      const id = serial;
      inspector.on('message', (data: Buffer) => {
        const answer = JSON.parse(data.toString()) as { id?: number; result: unknown };
        if (answer.id === id) resolve(answer.result);
      });
      inspector.send(JSON.stringify({ id, method, params }));
    });
  try {
    // What finalizers let go of in the first collection goes in the second.
    await ask('HeapProfiler.collectGarbage');
    await ask('HeapProfiler.collectGarbage');
    const evaluated = await ask('Runtime.evaluate', { expression: MEMORY, returnByValue: true });
    return { bytes: Evaluated.parse(evaluated).result.value, ...descriptorsOf(process) };
  } finally {
    inspector.close();
  }
}

function descriptorsOf({ child, port }: EngineProcess): Pick<Held, 'descriptors' | 'callers'> {
  const folder = `/proc/${child.pid}/fd`;
  const tcp = tcpSockets(child.pid);
  const targets = readdirSync(folder)
    .map((fd) => targetOf(`${folder}/${fd}`))
    .filter((target) => target !== '' && (!target.startsWith('socket:') || tcp.has(target)));
  return {
    descriptors: targets.length,
    callers: targets.filter((target) => {
      const socket = tcp.get(target);
      return socket?.port === port && !socket.listens;
    }).length,
  };
}

/** By what a descriptor of one points to; of the process's whole network. */
function tcpSockets(pid: number | undefined) {
  const lines = ['tcp', 'tcp6'].flatMap((family) =>
    readFileSync(`/proc/${pid}/net/${family}`, 'utf8').split('\n').slice(1),
  );
  return new Map(
    lines.map((line) => {
      const words = line.trim().split(/\s+/);
      const port = parseInt(words[1]?.split(':')[1] ?? '', 16);
      return [`socket:[${words[9]}]`, { port, listens: words[3] === LISTENS }];
    }),
  );
}

/** Empty for one that was closed since it was listed. */
function targetOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
