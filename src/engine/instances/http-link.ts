/**
 * The link to a function that is an HTTP server itself (runtimes.md §8): each call is a request, and its answer is
 * turned into the frames that a shim would have sent.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ensureError } from '../../platform/errors.ts';
import type { HealthCheck, HookName, HttpInvocation } from '../invoke/contract.ts';
import {
  PlatformHeaders,
  requestHeaders,
  responseHeaders,
  upgradeHeaders,
  type ControlPath,
} from '../runtimes/custom/headers.ts';
import { FromInstance, type CallHeader, type StartMessage } from '../runtimes/protocol.ts';
import { NotListeningError } from '../sandbox/dialler.ts';
import type { InstanceProcess } from '../sandbox/process.ts';
import type { Call } from './call.ts';
import { Connections } from './connections.ts';
import { refusalResponse, serverDocument } from './failures.ts';
import { HealthChecks } from './health-checks.ts';
import { HttpExchange, type HttpExchangeEvents, type HttpRequest } from './http-exchange.ts';
import type { InstanceLink, LinkEvents } from './link.ts';
import type { LineOwner } from './output.ts';

export interface HttpLinkOptions {
  readonly process: InstanceProcess;
  /** A connection to the server; waits up to `waitMs` for it to listen. */
  readonly connect: (waitMs: number) => Promise<Socket>;
  readonly port: number;
  readonly instanceConcurrency: number;
  readonly message: StartMessage;
  readonly healthCheck: HealthCheck | undefined;
}

type Answer = Pick<HttpExchangeEvents, 'onHead' | 'onPiece' | 'onEnd' | 'onUpgrade'> &
  Partial<Pick<HttpExchangeEvents, 'onBodyFailed'>>;

const NOTHING = Buffer.alloc(0);
/** One turn of waiting for the server to listen; in between the engine sees whether the instance still lives. */
const LISTEN_TURN_MS = 1_000;
/** A server that breaks a connection off may be about to end, and its end says more than the connection. */
const EXIT_GRACE_MS = 200;
/** Nobody listens there any more: the program has ended, and it may take a busy machine this long to tell. */
const ENDED_GRACE_MS = 5_000;
const SUCCESS = '200';

export class HttpLink implements InstanceLink {
  readonly process: InstanceProcess;
  closed = false;
  readonly #options: HttpLinkOptions;
  readonly #events: LinkEvents;
  readonly #headers: PlatformHeaders;
  readonly #connections: Connections;
  readonly #health: HealthChecks | undefined;
  /** What to do when nobody waits for the answer to a call any more. */
  readonly #cancels = new Map<number, () => void>();

  constructor(options: HttpLinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.process = options.process;
    this.#headers = new PlatformHeaders(options.message);
    this.#connections = new Connections(() => options.connect(0), options.instanceConcurrency);
    this.#health =
      options.healthCheck &&
      new HealthChecks({
        check: options.healthCheck,
        port: options.port,
        connect: () => options.connect(0),
        isAtWork: () => this.#cancels.size > 0,
        onUnhealthy: (reason) => events.onUnhealthy(reason),
      });
    this.process.onExit((exit) => {
      this.closed = true;
      this.#health?.stop();
      for (const number of this.#cancels.keys()) this.forget(number);
      this.#connections.destroy();
      events.onExit(exit);
    });
  }

  start(): void {
    void this.#waitForServer();
  }

  initialize(number: number, owner: LineOwner): void {
    this.#ask(number, owner, 'POST', '/initialize', 'the initializer');
  }

  hook(number: number, owner: LineOwner, name: HookName): void {
    this.#ask(number, owner, 'GET', name === 'preStop' ? '/pre-stop' : '/pre-freeze', 'the hook');
  }

  invoke(number: number, call: Call): void {
    if (call.http) this.#serve(number, call, call.http);
    else this.#invoke(number, call);
  }

  forget(number: number): void {
    const cancel = this.#cancels.get(number);
    this.#cancels.delete(number);
    cancel?.();
  }

  async #waitForServer(): Promise<void> {
    try {
      const socket = await this.#reachServer();
      if (this.#health) {
        // A server that handles one connection at a time must be free for the question.
        socket?.destroy();
        await this.#health.untilHealthy();
      } else if (socket) this.#connections.offer(socket);
    } catch (error) {
      this.#breakOff(ensureError(error).message);
      return;
    }
    if (this.closed) return;
    this.#events.onFrame(FromInstance.ready, 0, NOTHING);
    this.#health?.watch();
  }

  /** The first connection that the server takes; `undefined` where the instance ended before. */
  async #reachServer(): Promise<Socket | undefined> {
    while (!this.closed)
      try {
        const socket = await this.#options.connect(LISTEN_TURN_MS);
        if (!this.closed) return socket;
        socket.destroy();
      } catch (error) {
        if (error instanceof NotListeningError) continue;
        throw new Error(`its server cannot be reached: ${ensureError(error).message}`, { cause: error });
      }
    return undefined;
  }

  /** A request of the platform's own, which is answered by status 200. @param who for the log, where it fails */
  #ask(
    number: number,
    { requestId, qualifier }: LineOwner,
    method: string,
    path: ControlPath,
    who: string,
  ): void {
    const header = { requestId, qualifier, retryCount: 0, isProbe: false };
    const answer = this.#whole(number, (response, body) => {
      if (response.statusCode === 200) this.#events.onFrame(FromInstance.result, number, body);
      else this.#fail(number, body, `${who} answered with status ${response.statusCode}`);
    });
    this.#send(number, { ...this.#ownRequest(path, header, NOTHING), method }, answer, undefined);
  }

  #invoke(number: number, call: Call): void {
    const { invocation } = call;
    const answer = this.#whole(number, (response, body) => {
      const status = response.statusCode ?? 0;
      const said = response.headers['x-fc-status'];
      const isGood = said === undefined ? status < 400 : said === SUCCESS;
      if (isGood) this.#events.onFrame(FromInstance.result, number, body);
      else this.#fail(number, body, `the function's server answered with status ${status}`);
    });
    this.#send(number, this.#ownRequest('/invoke', invocation, invocation.payload), answer, call);
  }

  #serve(number: number, call: Call, { head, payload, body, wantsUpgrade, sink }: HttpInvocation): void {
    const headers = requestHeaders(head, body ? undefined : payload.length, wantsUpgrade);
    let hasHead = false;
    const what: HttpRequest = {
      method: head.method,
      path: head.query === '' ? head.path : `${head.path}?${head.query}`,
      headers: [...headers, ...this.#headers.of(call.invocation, '/http-invoke')],
      body: body ?? payload,
    };
    const answer: Answer = {
      onHead: ({ statusCode, rawHeaders }) => {
        hasHead = true;
        const frame = { status: statusCode, headers: responseHeaders(rawHeaders) };
        this.#events.onFrame(FromInstance.httpHead, number, Buffer.from(JSON.stringify(frame)));
        // The server learns by its connection that nobody reads on, and the call is over.
        sink.onGone(() => {
          if (!this.#cancels.has(number)) return;
          this.forget(number);
          this.#events.onFrame(FromInstance.httpEnd, number, NOTHING);
        });
      },
      onPiece: (piece) => this.#events.onFrame(FromInstance.httpBody, number, piece),
      onEnd: () => this.#events.onFrame(FromInstance.httpEnd, number, NOTHING),
      // The function did nothing wrong: its caller is answered in its place, unless it has begun to.
      onBodyFailed: (error) => {
        if (!hasHead) this.#answerFor(number, error);
        this.#events.onFrame(FromInstance.httpEnd, number, NOTHING);
      },
      onUpgrade: ({ rawHeaders }, peer) => {
        this.#cancels.set(number, () => peer.destroy());
        peer.once('close', () => this.#cancels.delete(number));
        this.#events.onUpgrade(number, upgradeHeaders(rawHeaders), peer);
      },
    };
    this.#send(number, what, answer, call);
  }

  /** An answer that is handed on when it is complete. */
  #whole(number: number, onAnswer: (response: IncomingMessage, body: Buffer) => void): Answer {
    const pieces: Buffer[] = [];
    return {
      onHead: () => undefined,
      onPiece: (piece) => pieces.push(piece),
      onEnd: (response) => onAnswer(response, Buffer.concat(pieces)),
      onUpgrade: (_response, peer) => {
        peer.destroy();
        this.#fail(number, NOTHING, "the function's server switched protocols unasked");
      },
    };
  }

  #ownRequest(path: ControlPath, header: CallHeader, body: Buffer): HttpRequest {
    const headers = [
      'host',
      `127.0.0.1:${this.#options.port}`,
      'content-type',
      'application/octet-stream',
      'content-length',
      String(body.length),
      ...this.#headers.of(header, path),
    ];
    return { method: 'POST', path, headers, body };
  }

  #send(number: number, what: HttpRequest, answer: Answer, call: Call | undefined): void {
    const over = (): boolean => this.#cancels.delete(number);
    const exchange = new HttpExchange(what, this.#connections, this.#options.message.maxPayloadBytes, {
      ...answer,
      onEnd: (response) => {
        over();
        answer.onEnd(response);
      },
      onUpgrade: (response, connection) => {
        over();
        answer.onUpgrade(response, connection);
      },
      onUnsent: (error) => {
        if (call) call.unsent = true;
        this.#later(number, () => {
          over();
          this.#breakOff(`its server takes no connections on port ${this.#options.port}: ${error.message}`);
        });
      },
      onBroken: (error) =>
        this.#laterIfAlive(number, () => {
          over();
          this.#fail(number, NOTHING, `the function's server broke off: ${error.message}`);
        }),
      onBodyFailed: (error) => {
        over();
        answer.onBodyFailed?.(error);
      },
      onTooLarge: (bytes) => {
        over();
        const size = Buffer.alloc(4);
        size.writeUInt32BE(Math.min(bytes, 0xffff_ffff));
        this.#events.onFrame(FromInstance.tooLarge, number, size);
      },
    });
    this.#cancels.set(number, () => exchange.cancel());
  }

  /** Unless the instance ends, or the call is given up, before. */
  #later(number: number, action: () => void, waitMs = EXIT_GRACE_MS): void {
    const timer = setTimeout(action, waitMs);
    timer.unref();
    this.#cancels.set(number, () => clearTimeout(timer));
  }

  /** The same; where nobody listens any more either, the instance's end is on its way and is waited for. */
  #laterIfAlive(number: number, action: () => void): void {
    const look = async (): Promise<void> => {
      const isListening = await this.#connections.isListening();
      if (!this.#cancels.has(number)) return;
      if (isListening) action();
      else this.#later(number, action, ENDED_GRACE_MS);
    };
    this.#later(number, () => void look());
  }

  #answerFor(number: number, error: Error): void {
    const { head, body } = refusalResponse(error);
    this.#events.onFrame(FromInstance.httpHead, number, head);
    this.#events.onFrame(FromInstance.httpBody, number, body);
  }

  /** @param body what the server said; where it said nothing, `reason` goes instead */
  #fail(number: number, body: Buffer, reason: string): void {
    this.#events.onFrame(
      FromInstance.unhandledError,
      number,
      body.length > 0 ? body : serverDocument(reason),
    );
  }

  #breakOff(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.#events.onBroken(reason);
  }
}
