/** Takes in asynchronous calls: checked, stored, and only then answered 202. */
import { asyncConfigOf } from '../catalog/async-configs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { invalidArgument } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import type { HttpRequestHead } from '../invoke/contract.ts';
import type { Backlog } from './backlog.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AsyncQueue } from './queue.ts';

/** Largest event of an asynchronous call (runtimes.md §11, limits). */
export const ASYNC_PAYLOAD_BYTES_MAX = 128 * 1024;
const DELAY_MAX_S = 3_600;

export interface AcceptedCall {
  readonly requestId: string;
  readonly address: FunctionAddress;
  /** As the caller sent them; empty: not at all. */
  readonly head: { readonly invocationId: string; readonly asyncDelay: string };
  readonly payload: Buffer;
  /** Of a request to an HTTP function, whose body is `payload`. */
  readonly http?: HttpRequestHead;
}

export interface AcceptOptions {
  readonly catalog: Catalog;
  readonly queue: AsyncQueue;
  readonly dispatcher: Dispatcher;
  readonly backlog: Backlog;
}

/** Durable when it returns, the headers of its 202; throws `ApiError`. */
export type Acceptor = (call: AcceptedCall) => Promise<string[]>;

export function createAcceptor(options: AcceptOptions): Acceptor {
  const { catalog, queue, dispatcher, backlog } = options;
  return async ({ requestId, address, head, payload, http }) => {
    const { invocationId, asyncDelay } = head;
    if (invocationId !== '' && !/^[A-Za-z_][A-Za-z0-9_-]{0,127}$/.test(invocationId))
      throw invalidArgument(
        'X-Fc-Stateful-Async-Invocation-Id must be a letter or _ first, then letters, digits, _ and -, 128 at most',
      );
    if (asyncDelay !== '' && (!/^\d{1,4}$/.test(asyncDelay) || Number(asyncDelay) > DELAY_MAX_S))
      throw invalidArgument(`X-Fc-Async-Delay must be whole seconds from 0 to ${DELAY_MAX_S}`);
    const { service, qualifier, function: name } = address;
    const config = asyncConfigOf(catalog.find(service), address);
    await backlog.admit([address]);
    await queue.add({
      service,
      qualifier,
      function: name,
      invocationId: invocationId || requestId,
      requestId,
      payload,
      http,
      config,
      delayMs: Number(asyncDelay) * 1_000,
    });
    dispatcher.wake();
    const headers = ['Content-Length', '0', 'X-Fc-Request-Id', requestId];
    if (config.statefulInvocation)
      headers.push('X-Fc-Stateful-Async-Invocation-Id', invocationId || requestId);
    return headers;
  };
}
