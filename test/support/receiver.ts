/**
 * A receiver of notifications on loopback, as a careful one is written: it checks the signature on the raw body, and
 * takes each delivery once. What it answers is the test's business.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NotificationMessage } from '../../src/domain/notify/message.ts';

export interface Arrival {
  readonly message: NotificationMessage;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly signed: boolean;
}

/** `accept` answers 204; anything else is done by the function, also nothing at all. */
export type Answering = (arrival: Arrival) => 'accept' | ((response: ServerResponse) => void);

export interface Receiver {
  readonly url: string;
  /** Everything that came, repetitions too. */
  readonly arrivals: readonly Arrival[];
  /** What was taken, in that order; a second time for an accepted delivery is told by `repeated`. */
  readonly accepted: readonly NotificationMessage[];
  readonly repeated: readonly string[];
  answering: Answering;
  /** Nobody listens any more; `start` listens on the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startReceiver(secret: string): Promise<Receiver> {
  const arrivals: Arrival[] = [];
  const accepted: NotificationMessage[] = [];
  const repeated: string[] = [];
  let port = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const wanted = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      const given = String(request.headers['x-sluice-signature']);
      const signed =
        given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
      const message = JSON.parse(body) as NotificationMessage;
      const arrival = { message, headers: request.headers, body, signed };
      arrivals.push(arrival);
      const doing = receiver.answering(arrival);
      if (doing !== 'accept') return doing(response);
      if (accepted.some(({ id }) => id === message.id)) repeated.push(message.id);
      else accepted.push(message);
      response.writeHead(204).end();
    });
  });
  const receiver = {
    url: '',
    arrivals,
    accepted,
    repeated,
    answering: (() => 'accept') as Answering,
    start: () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve)),
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  await receiver.start();
  port = (server.address() as AddressInfo).port;
  return Object.assign(receiver, { url: `http://127.0.0.1:${port}/hook` });
}
