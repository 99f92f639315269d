/** The error documents that the engine writes itself because the runtime no longer can (runtimes.md §11). */

import { RefusedError } from '../invoke/contract.ts';

/** A call that ran longer than its function may. */
export function timeoutDocument(timeoutMs: number, peakMemoryMb: number): Buffer {
  return document(
    `Function timed out after ${seconds(timeoutMs)} seconds (maxMemoryUsage: ${megabytes(peakMemoryMb)})`,
  );
}

export function initializerTimeoutDocument(timeoutMs: number): Buffer {
  return document(`Function initialization timed out after ${seconds(timeoutMs)} seconds`);
}

/** An instance that ended with a call in it, whatever the reason. */
export function processExitDocument(durationMs: number, peakMemoryMb: number): Buffer {
  return document(
    `Process exited unexpectedly before completing request (duration: ${Math.round(durationMs)}ms, maxMemoryUsage: ${megabytes(peakMemoryMb)})`,
  );
}

/** A response of an HTTP function that no client can be given. */
export function badResponseDocument(reason: string): Buffer {
  return document(`the function's response cannot be sent: ${reason}`);
}

/** A function's own server that failed without a word of its own. */
export function serverDocument(reason: string): Buffer {
  return document(reason);
}

/** What a caller is told whose request failed on its way to the function's own server: as frames, head and body. */
export function refusalResponse(error: Error): { readonly head: Buffer; readonly body: Buffer } {
  const { status, code } = error instanceof RefusedError ? error : { status: 400, code: 'InvalidArgument' };
  const head = { status, headers: [['content-type', 'application/json']] };
  const body = { ErrorCode: code, ErrorMessage: error.message };
  return { head: Buffer.from(JSON.stringify(head)), body: Buffer.from(JSON.stringify(body)) };
}

/** A call whose caller stopped it. */
export function stoppedDocument(): Buffer {
  return document('Function call was stopped');
}

export function seconds(ms: number): string {
  return String(ms / 1000);
}

function megabytes(mb: number): string {
  return `${mb.toFixed(2)}MB`;
}

function document(errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorMessage }));
}
