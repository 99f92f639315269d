/**
 * The WebSocket of InstanceExec: one message, one piece of one channel, whose number is its first byte. What a client may
 * do to the command it may do to this alone: the command ends with the socket, and the socket with the command.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { unreachable } from '../../platform/errors.ts';
import type { CommandEnd, CommandSpec, SandboxedCommand, TerminalSize } from '../sandbox/command.ts';
import { invalidArgument } from './api-error.ts';
import type { UpgradeRequest } from './operation.ts';

/** What the query asks for. */
export interface CommandRequest {
  readonly spec: CommandSpec;
  /** Which of its streams the client gets or gives; a terminal has one output, which is `stdout`. */
  readonly streams: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Silence in both directions that ends it. */
  readonly idleMs: number;
}

/** fc-api.md §3.3. */
const Channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 5 } as const;
/** RFC 6455 §7.4.1. */
const NORMAL = 1000;
const UNSUPPORTED = 1003;
const POLICY = 1008;
const FAILED = 1011;
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Most bytes of a close frame's reason. */
const MAX_REASON_BYTES = 123;
/** The longest that a command may run, however busy. */
const SESSION_MS = 60 * 60_000;
/** How long a client may take to answer the end. */
const CLOSE_MS = 2_000;
const MAX_ARGUMENTS = 128;
const IDLE_SECONDS = { least: 1, most: 3_600, usual: 120 };
const DEFAULT_TERMINAL: TerminalSize = { columns: 80, rows: 24 };

const characters = z.number().int().min(1).max(65_535);
/** The names that terminals' clients use. */
const sizeSchema = z.union([
  z.object({ Width: characters, Height: characters }).transform((size) => [size.Width, size.Height]),
  z.object({ width: characters, height: characters }).transform((size) => [size.width, size.height]),
  z.object({ cols: characters, rows: characters }).transform((size) => [size.cols, size.rows]),
]);

const server = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  clientTracking: false,
});

const requestIds = new WeakMap<IncomingMessage, string>();
server.on('headers', (headers, request) => headers.push(`X-Fc-Request-Id: ${requestIds.get(request)}`));

export const COMMAND_QUERY = ['command', 'tty', 'stdin', 'stdout', 'stderr', 'idleTimeout'] as const;

/** Reads the query. @throws ApiError `InvalidArgument` */
export function readCommandRequest(query: URLSearchParams): CommandRequest {
  const [program, ...rest] = query.getAll('command');
  const command = [program || '/bin/bash', ...rest] as const;
  if (command.length > MAX_ARGUMENTS)
    throw invalidArgument(`command is given ${command.length} times; at most ${MAX_ARGUMENTS} are allowed`);
  if (command.some((part) => part.includes('\0'))) throw invalidArgument('command has a zero character');
  const isTerminal = flag(query, 'tty', false);
  const seconds = Number(query.get('idleTimeout') || IDLE_SECONDS.usual);
  if (!Number.isInteger(seconds) || seconds < IDLE_SECONDS.least || seconds > IDLE_SECONDS.most)
    throw invalidArgument(
      `idleTimeout must be a whole number of seconds from ${IDLE_SECONDS.least} to ${IDLE_SECONDS.most}`,
    );
  return {
    spec: { command, terminal: isTerminal ? DEFAULT_TERMINAL : undefined },
    streams: {
      stdin: flag(query, 'stdin', false),
      stdout: flag(query, 'stdout', true),
      stderr: flag(query, 'stderr', true),
    },
    idleMs: seconds * 1_000,
  };
}

function flag(query: URLSearchParams, name: string, usual: boolean): boolean {
  const value = query.get(name) || String(usual);
  if (value !== 'true' && value !== 'false') throw invalidArgument(`${name} must be true or false`);
  return value === 'true';
}

/** What of the handshake can be wrong. @throws ApiError `InvalidArgument` */
export function checkHandshake({ request }: UpgradeRequest): void {
  const { 'sec-websocket-key': key = '', 'sec-websocket-version': version } = request.headers;
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) throw invalidArgument('Sec-WebSocket-Key is missing or not valid');
  if (version !== '13') throw invalidArgument('Sec-WebSocket-Version must be 13');
}

/** Agrees to the WebSocket and joins it with the command, which ends with it, also where nobody takes the agreement. */
export function joinCommand(
  { requestId, request, response, socket }: UpgradeRequest,
  command: SandboxedCommand,
  { streams, idleMs }: CommandRequest,
): void {
  response.detachSocket(socket as Parameters<ServerResponse['detachSocket']>[0]);
  socket.once('close', () => command.end());
  if (socket.destroyed) command.end();
  requestIds.set(request, requestId);
  // Nothing is buffered: what came behind the head was put back.
  server.handleUpgrade(request, socket, Buffer.alloc(0), (web) => {
    const session = setTimeout(() => end(NORMAL, 'the longest time of a command is over'), SESSION_MS);
    const idle = setTimeout(() => end(NORMAL, `nothing came for ${idleMs / 1_000} s`), idleMs);
    const end = (code: number, reason: string): void => {
      close(web, code, reason);
      command.end();
    };
    command.onOver((how) => {
      clearTimeout(session);
      clearTimeout(idle);
      tell(web, how);
    });
    if (!streams.stdin) command.stdin.end();
    send(web, Channel.stdout, command.stdout, streams.stdout, idle);
    send(web, Channel.stderr, command.stderr, streams.stderr, idle);
    web.on('message', (data: Buffer) => {
      idle.refresh();
      const fault = data.length === 0 ? undefined : take(web, data, command, streams.stdin);
      if (fault) end(fault.code, fault.reason);
    });
    web.on('error', () => command.end());
  });
}

/** What a client sent. @returns why it may not go on */
function take(
  web: WebSocket,
  data: Buffer,
  command: SandboxedCommand,
  hasInput: boolean,
): { code: number; reason: string } | undefined {
  const piece = data.subarray(1);
  switch (data[0]) {
    case Channel.stdin:
      if (!hasInput) return { code: POLICY, reason: 'the command was started without stdin' };
      if (command.stdin.writable && !command.stdin.write(piece)) holdBack(web, command.stdin);
      return undefined;
    case Channel.resize: {
      const size = readSize(piece);
      if (!size) return { code: UNSUPPORTED, reason: 'a size is {"Width": columns, "Height": rows}' };
      command.resize(size);
      return undefined;
    }
    case Channel.close:
      return { code: NORMAL, reason: '' };
    default:
      return { code: UNSUPPORTED, reason: `there is no channel ${data[0]} for clients` };
  }
}

/** Until the command has taken its input, or takes none any more: what the client sends next may be its wish to end it. */
function holdBack(web: WebSocket, stdin: Writable): void {
  const goOn = (): void => {
    stdin.off('drain', goOn).off('close', goOn);
    web.resume();
  };
  web.pause();
  stdin.on('drain', goOn).on('close', goOn);
}

function readSize(piece: Buffer): TerminalSize | undefined {
  let given: unknown;
  try {
    given = JSON.parse(piece.toString('utf8'));
  } catch {
    return undefined;
  }
  const [columns, rows] = sizeSchema.safeParse(given).data ?? [];
  return columns === undefined || rows === undefined ? undefined : { columns, rows };
}

/** Piece by piece, so that a client who reads slowly holds the command back and not this process's memory. */
function send(
  web: WebSocket,
  channel: number,
  stream: Readable,
  isWanted: boolean,
  idle: NodeJS.Timeout,
): void {
  stream.on('error', () => stream.destroy());
  if (!isWanted) {
    stream.resume();
    return;
  }
  stream.on('data', (chunk: Buffer) => {
    if (web.readyState !== web.OPEN) return;
    idle.refresh();
    stream.pause();
    web.send(messageOf(channel, chunk), () => stream.resume());
  });
}

function messageOf(channel: number, piece: Buffer): Buffer {
  return Buffer.concat([Buffer.of(channel), piece]);
}

function tell(web: WebSocket, how: CommandEnd): void {
  switch (how.kind) {
    case 'exited':
      close(web, NORMAL, `exit status ${how.status}`);
      return;
    case 'failed': {
      const reason = `the command cannot run: ${how.reason}`;
      if (web.readyState === web.OPEN) web.send(messageOf(Channel.error, Buffer.from(reason)));
      close(web, FAILED, reason);
      return;
    }
    case 'ended':
      close(web, NORMAL, 'the instance has ended');
      return;
    default:
      unreachable(how);
  }
}

function close(web: WebSocket, code: number, reason: string): void {
  if (web.readyState !== web.OPEN) return;
  web.close(
    code,
    Buffer.from(reason, 'utf8')
      .subarray(0, MAX_REASON_BYTES)
      .toString('utf8')
      .replace(/\uFFFD$/, ''),
  );
  // A client that answers nothing.
  const cut = setTimeout(() => web.terminate(), CLOSE_MS);
  web.once('close', () => clearTimeout(cut));
}
