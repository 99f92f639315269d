/**
 * The one error of the API: an RFC 9457 problem document. Handlers throw it; `app.ts` turns everything thrown into
 * an answer. `code` is stable, programs decide by it.
 */
import type { ProblemView } from './schema/common.ts';

export interface ProblemInit {
  readonly status: number;
  readonly code: string;
  /** One sentence: what is wrong and how to mend it. */
  readonly detail: string;
  /** Places in the request that do not fit. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  /** Further members of the document, e.g. the decision that stands. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly init: ProblemInit;

  constructor(init: ProblemInit) {
    super(init.detail, { cause: init.cause });
    this.init = init;
  }

  get status(): number {
    return this.init.status;
  }

  get code(): string {
    return this.init.code;
  }

  toDocument(): ProblemView {
    const { status, code, detail, errors, extra } = this.init;
    return {
      ...extra,
      type: `urn:sluice:problem:${code}`,
      title: titleOf(code),
      status,
      code,
      detail,
      ...(errors && { errors: errors.map((e) => ({ ...e })) }),
    };
  }

  toResponse(): Response {
    return Response.json(this.toDocument(), {
      status: this.init.status,
      headers: { ...this.init.headers, 'content-type': 'application/problem+json' },
    });
  }
}

/** What was asked for does not exist, or not for this token: the two look alike from outside. */
export function notFound(what: string): Problem {
  return new Problem({ status: 404, code: 'not-found', detail: `there is no ${what}` });
}

/** @param limit as people read it, e.g. `5 MB` */
export function tooLarge(limit: string): Problem {
  return new Problem({
    status: 413,
    code: 'body-too-large',
    detail: `the body is larger than ${limit}`,
    // What is left of the body is not read: the connection cannot be used again.
    headers: { connection: 'close' },
  });
}

export function unreachable503(code: string, detail: string, cause?: unknown): Problem {
  return new Problem({ status: 503, code, detail, cause, headers: { 'retry-after': '2' } });
}

/** An act that cannot be done as asked. */
export function refused(status: number, code: string, detail: string): Problem {
  return new Problem({ status, code, detail });
}

function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
