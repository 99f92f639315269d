/**
 * What a process holds when it is at rest, as a test sees it: its heap after two collections that it makes itself, asked
 * for by its inspector, and its descriptors. Start it with `INSPECTED` in its environment.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { WebSocket } from 'ws';
import { z } from 'zod';

/** On a free port of loopback, which it says on its standard error. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

const MEMORY = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())';
const Evaluated = z.object({ result: z.object({ value: z.number() }) });

export interface Held {
  /** Of objects and of buffers outside of the heap. */
  readonly bytes: number;
  /** Files, pipes and TCP sockets; connections to the database come and go with its pool. */
  readonly descriptors: number;
}

/** @param output everything that the process has said */
export async function held(pid: number | undefined, output: string): Promise<Held> {
  const [url] = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(output) ?? [];
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
    return { bytes: Evaluated.parse(evaluated).result.value, descriptors: descriptorsOf(pid) };
  } finally {
    inspector.close();
  }
}

function descriptorsOf(pid: number | undefined): number {
  const folder = `/proc/${pid}/fd`;
  const tcp = new Set(
    ['tcp', 'tcp6'].flatMap((family) =>
      readFileSync(`/proc/${pid}/net/${family}`, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`),
    ),
  );
  return readdirSync(folder).filter((fd) => {
    const target = targetOf(`${folder}/${fd}`);
    return target !== '' && (!target.startsWith('socket:') || tcp.has(target));
  }).length;
}

/** Empty for one that was closed since it was listed. */
function targetOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
