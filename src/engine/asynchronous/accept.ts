/** Takes in asynchronous calls: checked, stored, and only then answered 202. */
import { asyncConfigOf } from '../catalog/async-configs.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { invalidArgument } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';
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
}

export interface AcceptOptions {
  readonly catalog: Catalog;
  readonly queue: AsyncQueue;
  readonly dispatcher: Dispatcher;
}

/** Durable when it returns; throws `ApiError`. */
export function createAcceptor(options: AcceptOptions): (call: AcceptedCall) => Promise<void> {
  const { catalog, queue, dispatcher } = options;
  return async ({ requestId, address, head, payload }) => {
    const { invocationId, asyncDelay } = head;
    if (invocationId !== '' && !/^[A-Za-z_][A-Za-z0-9_-]{0,127}$/.test(invocationId))
      throw invalidArgument(
        'X-Fc-Stateful-Async-Invocation-Id must be a letter or _ first, then letters, digits, _ and -, 128 at most',
      );
    if (asyncDelay !== '' && (!/^\d{1,4}$/.test(asyncDelay) || Number(asyncDelay) > DELAY_MAX_S))
      throw invalidArgument(`X-Fc-Async-Delay must be whole seconds from 0 to ${DELAY_MAX_S}`);
    await queue.add({
      ...address,
      invocationId: invocationId || requestId,
      requestId,
      payload,
      config: asyncConfigOf(catalog.find(address.service), address),
      delayMs: Number(asyncDelay) * 1_000,
    });
    dispatcher.wake();
  };
}
