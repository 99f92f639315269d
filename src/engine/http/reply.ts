/**
 * What answering a call asks of a response, so that it does not matter who writes it: `node:http`, or `direct-reply.ts`.
 */
import type { ServerResponse } from 'node:http';

export interface Reply {
  /** False: the connection ends with this response. */
  shouldKeepAlive: boolean;
  /** @param headers names and values in turn */
  writeHead(status: number, headers: string[]): Reply | ServerResponse;
  /** The head goes out now, and the body follows in pieces. */
  flushHeaders(): void;
  write(bytes: Buffer): boolean;
  end(bytes?: Buffer): unknown;
  destroy(): unknown;
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  /** All of it was taken by the kernel. */
  readonly writableFinished: boolean;
  /** Bytes that wait for a slow reader. */
  readonly writableLength: number;
  /** `finish`: as `writableFinished`; `close`: the connection is gone, or the response is over. */
  once(event: 'finish' | 'close', listener: () => void): unknown;
}
