/** One invocation on its way through the running side: waiting, written to an instance, answered. */
import type { HttpInvocation, Invocation, InvocationResult, Revision } from '../invoke/contract.ts';
import { CallTail } from '../logs/tail.ts';
import type { HttpResponse } from './http-response.ts';
import type { Instance } from './instance.ts';

export class Call {
  readonly revision: Revision;
  readonly invocation: Invocation;
  /** The same invocation where it is an HTTP call. */
  readonly http: HttpInvocation | undefined;
  readonly resolve: (result: InvocationResult) => void;
  readonly reject: (error: Error) => void;
  /** `performance.now()` when it was handed to an instance. */
  startedMs = 0;
  coldStart = false;
  /** The request never reached the instance's socket. */
  unsent = false;
  /** It was unsent once and given to another instance; that happens one time only. */
  retried = false;
  /** The starting instance that a waiting call counts on. */
  ticket: Instance | undefined;
  waitTimer: NodeJS.Timeout | undefined;
  /** Of an HTTP call that was handed to an instance. */
  response: HttpResponse | undefined;
  readonly tail: CallTail | undefined;

  constructor(
    revision: Revision,
    invocation: Invocation,
    resolve: (result: InvocationResult) => void,
    reject: (error: Error) => void,
    http: HttpInvocation | undefined,
  ) {
    this.revision = revision;
    this.invocation = invocation;
    this.http = http;
    this.resolve = resolve;
    this.reject = reject;
    // With several calls in one instance no tail is given out (guide.md §11).
    this.tail = invocation.wantsLog && revision.instanceConcurrency === 1 ? new CallTail() : undefined;
  }
}
