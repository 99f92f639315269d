/** The one error of the FC boundary, named by what the caller does next. */

export interface FcErrorInit {
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  /** The API's `ErrorCode`, or `Unreachable`. */
  readonly code: string;
  readonly requestId?: string;
  readonly cause?: unknown;
}

export class FcError extends Error {
  override readonly name = 'FcError';
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;

  constructor(message: string, init: FcErrorInit) {
    super(message, { cause: init.cause });
    this.status = init.status;
    this.code = init.code;
    this.requestId = init.requestId;
  }

  /** No answer, or one that says "later": try again with growing pauses. */
  get isUnreachable(): boolean {
    return this.status === 0 || this.status >= 500;
  }

  /** The resource changed since it was read. */
  get isConflict(): boolean {
    return this.status === 412;
  }

  get isMissing(): boolean {
    return this.status === 404;
  }
}
