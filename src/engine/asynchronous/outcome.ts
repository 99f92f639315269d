/** Where the outcome of an asynchronous call goes, and what it says there. */
import { randomUUID } from 'node:crypto';
import { DEFAULT_ASYNC_CONFIG, functionOfArn, type FunctionAddress } from '../catalog/async-configs.ts';
import type { AsyncConfig } from '../catalog/async-configs.ts';
import type { AsyncCall, NewAsyncCall } from './queue.ts';

/**
 * What a destination gets of an event or an answer at most: as much as an asynchronous call may bring. The event of a
 * destination holds that of the call before, with its quotes escaped once more: uncut, it would double from call to call.
 */
const PART_BYTES_MAX = 128 * 1024;

export interface Outcome {
  readonly isSuccess: boolean;
  /** The function's answer or its error document. */
  readonly body: Buffer;
  /** Of a function that failed. */
  readonly errorType: string;
  /** Tries made, the last one included. */
  readonly tries: number;
}

/**
 * The call that brings an outcome to its destination; `undefined` where there is none.
 *
 * @param configOf how the destination itself is called
 */
export function destinationCall(
  call: AsyncCall,
  outcome: Outcome,
  now: number,
  configOf: (address: FunctionAddress) => AsyncConfig | undefined,
): NewAsyncCall | undefined {
  const { onSuccess, onFailure } = call.config.destinationConfig;
  const arn = (outcome.isSuccess ? onSuccess : onFailure)?.destination ?? '';
  const address = functionOfArn(arn);
  if (!address) return undefined;
  const requestId = randomUUID();
  return {
    ...address,
    invocationId: requestId,
    requestId,
    payload: Buffer.from(JSON.stringify(documentOf(call, outcome, now))),
    config: configOf(address) ?? DEFAULT_ASYNC_CONFIG,
    delayMs: 0,
  };
}

/** What the destination gets, as the cloud documents it. */
function documentOf(call: AsyncCall, outcome: Outcome, now: number): object {
  return {
    timestamp: now,
    requestContext: {
      requestId: call.requestId,
      functionArn: `acs:fc:::services/${call.service}.${call.qualifier}/functions/${call.function}`,
      condition: outcome.errorType,
      approximateInvokeCount: outcome.tries,
    },
    requestPayload: call.payload.subarray(0, PART_BYTES_MAX).toString('utf8'),
    responseContext: { statusCode: 200, functionError: outcome.errorType },
    responsePayload: outcome.body.subarray(0, PART_BYTES_MAX).toString('utf8'),
  };
}
