/** One HTTP call's response on its way from the frames of an instance to the caller: head, pieces, end, in this order. */
import type { HttpSink } from '../invoke/contract.ts';
import { readHttpResponseHead } from '../runtimes/http-head.ts';
import { FromInstance, type FromInstanceType } from '../runtimes/protocol.ts';

/** What a frame means for its call. A `fault` ends the instance; a `failure` is the function's own, with its reason. */
export type Progress =
  | { readonly kind: 'more' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'failure'; readonly reason: string }
  | { readonly kind: 'fault'; readonly reason: string };

const MORE: Progress = { kind: 'more' };
const WHOLE: Progress = { kind: 'whole' };

export class HttpResponse {
  readonly #sink: HttpSink;
  readonly #instanceId: string;
  readonly #maxBytes: number;
  #hasHead = false;
  #bytes = 0;

  /** @param maxBytes largest body */
  constructor(sink: HttpSink, instanceId: string, maxBytes: number) {
    this.#sink = sink;
    this.#instanceId = instanceId;
    this.#maxBytes = maxBytes;
  }

  /** A head, a piece or the end; the shim must not send anything else. */
  take(type: FromInstanceType, payload: Buffer): Progress {
    if (type === FromInstance.httpHead) return this.#begin(payload);
    if (!this.#hasHead) return { kind: 'fault', reason: 'it sent a body before its head' };
    if (type === FromInstance.httpEnd) {
      this.#sink.end();
      return WHOLE;
    }
    if (type !== FromInstance.httpBody)
      return { kind: 'fault', reason: 'it answered an HTTP call as an event call' };
    this.#bytes += payload.length;
    if (this.#bytes > this.#maxBytes)
      return { kind: 'fault', reason: `the body of a response is larger than ${this.#maxBytes} bytes` };
    if (payload.length > 0) this.#sink.piece(payload);
    return MORE;
  }

  #begin(payload: Buffer): Progress {
    if (this.#hasHead) return { kind: 'fault', reason: 'it sent two heads for one response' };
    const head = readHttpResponseHead(payload);
    if (typeof head === 'string') return { kind: 'failure', reason: head };
    this.#hasHead = true;
    this.#sink.head(head.status, head.headers, this.#instanceId);
    return MORE;
  }
}
