/**
 * Reads a request that lies whole in what was read of its connection, as small calls do. It knows the plainest form only
 * and takes no other for it: whatever is unusual, incomplete or wrong is left to the parser of `node:http`, which reads the
 * same bytes then. So this decides about speed alone, and two readings of one request cannot differ.
 */
import type { Socket } from 'node:net';

/** One whole request. Shaped like an `IncomingMessage` where both are used. */
export class WholeRequest {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: string[];
  readonly body: Buffer;
  readonly socket: Socket;
  /** The caller asks for the end of the connection behind the response. */
  readonly isLast: boolean;

  constructor(head: RequestText, body: Buffer, socket: Socket) {
    this.method = head.method;
    this.url = head.url;
    this.rawHeaders = head.headers;
    this.isLast = head.isLast;
    this.body = body;
    this.socket = socket;
  }
}

interface RequestText {
  readonly method: string;
  readonly url: string;
  readonly headers: string[];
  readonly contentLength: number;
  readonly isLast: boolean;
}

/** Larger ones gain nothing here. */
const MAX_HEAD_BYTES = 8 * 1024;
const MAX_BODY_BYTES = 64 * 1024;

const HEAD_END = Buffer.from('\r\n\r\n');
const VERSION = ' HTTP/1.1';
const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE', 'PATCH']);
const TARGET = /^\/[!-~]*$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Control characters, but for tabs and whole line ends. */
const CONTROL = /[^\t\r\n\u0020-\u007e\u0080-\u00ff]|\r(?!\n)|[^\r]\n/;
const DIGITS = /^\d{1,9}$/;

/**
 * The request that `bytes` are; `partial` where only the rest of its body is missing; `other` for all that is not read here.
 */
export function readWholeRequest(bytes: Buffer, socket: Socket): WholeRequest | 'partial' | 'other' {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0 || end > MAX_HEAD_BYTES) return 'other';
  const head = readHead(bytes.toString('latin1', 0, end + 2));
  if (!head || head.contentLength > MAX_BODY_BYTES) return 'other';
  const from = end + HEAD_END.length;
  const missing = from + head.contentLength - bytes.length;
  if (missing > 0) return 'partial';
  // More than one request: they are answered in turn, which is not done here.
  if (missing < 0) return 'other';
  return new WholeRequest(head, bytes.subarray(from), socket);
}

/** @param text request line and header lines, each with its line end */
function readHead(text: string): RequestText | undefined {
  if (CONTROL.test(text)) return undefined;
  const first = text.indexOf('\r\n');
  const space = text.indexOf(' ');
  const method = text.slice(0, space);
  const url = text.slice(space + 1, first - VERSION.length);
  if (!METHODS.has(method) || !TARGET.test(url) || !text.startsWith(VERSION, first - VERSION.length))
    return undefined;
  const headers: string[] = [];
  let hosts = 0;
  let contentLength: number | undefined;
  let isLast = false;
  for (let at = first + 2; at < text.length;) {
    const colon = text.indexOf(':', at);
    const lineEnd = text.indexOf('\r\n', at);
    if (colon < 0 || colon > lineEnd) return undefined;
    const name = text.slice(at, colon);
    // A line that goes on the one before begins with a space, which no name has.
    if (!NAME.test(name)) return undefined;
    const value = withoutSpaces(text, colon + 1, lineEnd);
    switch (SPECIAL.get(name.length)?.get(name.toLowerCase())) {
      case 'host':
        hosts += 1;
        break;
      case 'content-length':
        if (contentLength !== undefined || !DIGITS.test(value)) return undefined;
        contentLength = Number(value);
        break;
      case 'connection':
        if (!/^(?:keep-alive|close)$/i.test(value)) return undefined;
        isLast ||= value.length === 'close'.length;
        break;
      case 'unusual':
        return undefined;
      default:
    }
    headers.push(name, value);
    at = lineEnd + 2;
  }
  if (hosts !== 1) return undefined;
  return { method, url, headers, contentLength: contentLength ?? 0, isLast };
}

/** The part between the two places without spaces and tabs around it: these alone, where `trim` knows more (RFC 9110 §5.5). */
function withoutSpaces(text: string, from: number, to: number): string {
  let first = from;
  let last = to;
  while (first < last && isSpace(text.charCodeAt(first))) first += 1;
  while (last > first && isSpace(text.charCodeAt(last - 1))) last -= 1;
  return text.slice(first, last);
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09;

/** Headers that say how the message is to be read, by length and name. */
const SPECIAL = new Map<number, Map<string, 'host' | 'content-length' | 'connection' | 'unusual'>>([
  [4, new Map([['host', 'host']])],
  [6, new Map([['expect', 'unusual']])],
  [
    7,
    new Map([
      ['upgrade', 'unusual'],
      ['trailer', 'unusual'],
    ]),
  ],
  [10, new Map([['connection', 'connection']])],
  [14, new Map([['content-length', 'content-length']])],
  [16, new Map([['proxy-connection', 'unusual']])],
  [17, new Map([['transfer-encoding', 'unusual']])],
]);
