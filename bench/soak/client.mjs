/** HTTP to the engine as callers do it: signed or not, whole or in slow pieces, to the end or hung up in the middle. */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { signature } from '../requests.mjs';

const SLOW_PIECES = 6;

export class Client {
  #stack;
  #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(stack) {
    this.#stack = stack;
  }

  close() {
    this.#agent.destroy();
  }

  /**
   * @param {{method?: string, path: string, headers?: Record<string, string>, body?: Buffer, isSigned?: boolean, slowMs?: number, hangUpMs?: number}} call
   *   `slowMs`: from the first piece of the body to the last, and once more for reading; `hangUpMs`: when the caller goes
   * @returns {Promise<{status: number, headers: Record<string, string>, body: Buffer, isWhole: boolean}>} status 0: no answer
   */
  async send({ method = 'POST', path, headers = {}, body = Buffer.alloc(0), isSigned, slowMs, hangUpMs }) {
    const all = { ...headers, 'content-length': String(body.length) };
    const sent = request({
      port: this.#stack.enginePort,
      host: '127.0.0.1',
      method,
      path,
      agent: this.#agent,
      headers: isSigned ? { ...all, ...signature(this.#stack.credentials, method, path, headers) } : all,
    });
    const answer = new Promise((resolve) => {
      const result = { status: 0, headers: {}, pieces: [], isWhole: false };
      const done = () => resolve({ ...result, body: Buffer.concat(result.pieces) });
      sent.on('error', done);
      sent.on('response', (response) => {
        result.status = response.statusCode;
        result.headers = response.headers;
        response.on('data', (piece) => {
          result.pieces.push(piece);
          if (slowMs === undefined) return;
          response.pause();
          setTimeout(() => response.resume(), slowMs / 20);
        });
        response.on('end', () => {
          result.isWhole = response.complete;
        });
        response.on('close', done);
        response.on('error', done);
      });
    });
    const hangUp =
      hangUpMs === undefined ? undefined : setTimeout(() => sent.destroy(new Error('hung up')), hangUpMs);
    if (slowMs === undefined) sent.end(body);
    else {
      const size = Math.ceil(body.length / SLOW_PIECES);
      for (let at = 0; at < body.length && !sent.destroyed; at += size) {
        sent.write(body.subarray(at, at + size));
        await pause(slowMs / SLOW_PIECES);
      }
      sent.end();
    }
    const result = await answer;
    clearTimeout(hangUp);
    return result;
  }
}
