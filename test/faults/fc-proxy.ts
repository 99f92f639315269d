/**
 * What lies between Sluice and Function Compute: a proxy that can be unreachable, answer 503, be slow, or hold back one
 * answer. A held answer is a moment made exact: the engine has done the work, and nobody who asked for it knows.
 */
import {
  createServer,
  request as send,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  type Server,
} from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** `lost`: requests are refused, as by a host that is gone. */
export type Weather = 'fine' | 'lost' | '503' | 'slow';

export interface Gate {
  /** Resolves when the engine has answered the request and the answer is held. */
  readonly reached: Promise<void>;
  /** True while whoever asked still waits for the answer. */
  isHeld(): boolean;
  /** Lets the answer through, or drops it with its connection. */
  open(how: 'deliver' | 'drop'): void;
}

export interface FcProxy {
  readonly url: string;
  setWeather(weather: Weather): Promise<void>;
  /** Answers 503 to requests that match, beside the weather; the function that comes back ends it. */
  refuse(matches: (method: string, path: string) => boolean): () => void;
  /** Holds the answer of the next request that matches. */
  holdNext(matches: (method: string, path: string) => boolean): Gate;
  close(): Promise<void>;
}

/** Each call takes this long while the weather is slow, milliseconds. */
export const SLOW_MS = 3_000;

interface Waiting {
  readonly matches: (method: string, path: string) => boolean;
  reach(): void;
  readonly opened: Promise<'deliver' | 'drop'>;
  lose(): void;
}

/** Listens on `port` of the loopback and passes everything on to `target`. */
export async function startFcProxy(port: number, target: string): Promise<FcProxy> {
  let weather: Weather = 'fine';
  const gates = new Set<Waiting>();
  const refused = new Set<Waiting['matches']>();

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = incoming;
    const gate = [...gates].find((one) => one.matches(method, url));
    const body: Buffer[] = [];
    for await (const chunk of incoming) body.push(chunk as Buffer);
    if (weather === '503' || [...refused].some((matches) => matches(method, url))) {
      outgoing.writeHead(503, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ ErrorCode: 'ServiceUnavailable', ErrorMessage: 'away for a moment' }));
      return;
    }
    if (weather === 'slow') await pause(SLOW_MS);
    const answered = await passOn(target, incoming, Buffer.concat(body));
    if (gate) {
      gates.delete(gate);
      outgoing.once('close', () => gate.lose());
      gate.reach();
      if ((await gate.opened) === 'drop') {
        outgoing.destroy();
        return;
      }
    }
    outgoing.writeHead(answered.status, answered.headers);
    outgoing.end(answered.body);
  }
  const handle: RequestListener = (incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  };

  let server = await listen(handle, port);
  return {
    url: `http://127.0.0.1:${port}`,
    setWeather: async (next) => {
      const was = weather;
      weather = next;
      if (next === 'lost' && was !== 'lost') await close(server);
      if (next !== 'lost' && was === 'lost') server = await listen(handle, port);
    },
    refuse: (matches) => {
      refused.add(matches);
      return () => refused.delete(matches);
    },
    holdNext: (matches) => {
      let isHeld = false;
      let reach = (): void => undefined;
      let open = (_how: 'deliver' | 'drop'): void => undefined;
      const reached = new Promise<void>((resolve) => {
        reach = () => {
          isHeld = true;
          resolve();
        };
      });
      const opened = new Promise<'deliver' | 'drop'>((resolve) => (open = resolve));
      const waiting: Waiting = {
        matches,
        reach,
        opened,
        lose: () => (isHeld = false),
      };
      gates.add(waiting);
      return {
        reached,
        isHeld: () => isHeld,
        open: (how) => {
          gates.delete(waiting);
          isHeld = false;
          open(how);
        },
      };
    },
    close: () => close(server),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function passOn(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, url, headers } = incoming;
    const outgoing = send(`${target}${url}`, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function listen(handle: RequestListener, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(handle);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
