/** Where the outcome of an asynchronous call goes, and what it says there. */
import { functionOfArn, type AsyncConfig } from '../catalog/async-configs.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import { namelessCall, type AsyncCall, type NewAsyncCall } from './queue.ts';

/**
 * What a destination gets of an event or an answer at most: as much as an asynchronous call may bring. The event of a
 * destination holds that of the call before, with its quotes escaped once more: uncut, it would double from call to call.
 */
export const PART_BYTES_MAX = 128 * 1024;

export interface Outcome {
  readonly isSuccess: boolean;
  /** Of an HTTP function's response; 200 for what has none. */
  readonly status: number;
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
  configOf: (address: FunctionAddress) => AsyncConfig,
): NewAsyncCall | undefined {
  const { onSuccess, onFailure } = call.config.destinationConfig;
  const arn = (outcome.isSuccess ? onSuccess : onFailure)?.destination ?? '';
  const address = functionOfArn(arn);
  if (!address) return undefined;
  return namelessCall(address, JSON.stringify(documentOf(call, outcome, now)), configOf(address));
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
    responseContext: { statusCode: outcome.status, functionError: outcome.errorType },
    responsePayload: outcome.body.subarray(0, PART_BYTES_MAX).toString('utf8'),
  };
}
