/** Time-limited links to code packages: whoever holds one may fetch that package until it ends, nobody else may. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { accessDenied, ApiError } from '../http/api-error.ts';
import { createHmacSha256, type Hmac } from '../http/hmac.ts';
import type { Operation } from '../http/operation.ts';
import type { CodeStore } from './code-store.ts';
import { stat } from 'node:fs/promises';

const VALID_S = 600;
const ZIP = 'application/zip';

export class CodeLinks {
  /** A key of this process: a restart ends all links, which live for minutes only. */
  readonly #hmac: Hmac = createHmacSha256(randomBytes(32).toString('base64'));
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  urlOf(sha256: string, origin: string): string {
    const expires = Math.floor(this.#now() / 1_000) + VALID_S;
    const signature = this.#sign(sha256, String(expires)).toString('base64url');
    return `${origin}/2016-08-15/_sluice/code/${sha256}?expires=${expires}&signature=${signature}`;
  }

  /** Throws 403 unless the link was made here and still holds. */
  check(sha256: string, expires: string, signature: string): void {
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#sign(sha256, expires);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new ApiError(
        403,
        'SignatureNotMatch',
        'this link was not made by the engine, or before its restart',
      );
    if (Number(expires) * 1_000 < this.#now())
      throw accessDenied('this link has expired; ask for the code again');
  }

  #sign(sha256: string, expires: string): Buffer {
    return this.#hmac(`${sha256}\n${expires}`);
  }
}

export function codeLinkOperations(links: CodeLinks, store: CodeStore): Operation[] {
  return [
    {
      name: 'DownloadCode',
      method: 'GET',
      path: '/_sluice/code/{sha256}',
      query: ['expires', 'signature'],
      signed: false,
      download: ZIP,
      async run(call) {
        const sha256 = call.param('sha256');
        links.check(sha256, call.required('expires'), call.required('signature'));
        const path = store.zipPath(sha256);
        return { kind: 'file', path, size: (await stat(path)).size, contentType: ZIP };
      },
    },
  ];
}
