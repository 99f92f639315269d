/**
 * Who is calling: `Authorization: FC id:base64(HMAC-SHA256(secret, string to sign))`, and for HTTP functions the same
 * in the query of a presigned URL. Spec: fc-api.md §2. Signatures are compared in constant time.
 */
import { timingSafeEqual } from 'node:crypto';
import { accessDenied, ApiError, missingHeader } from './api-error.ts';
import { createHmacSha256 } from './hmac.ts';
import type { RequestHead } from './request-head.ts';

/** How far a request's clock may be from ours. */
const MAX_SKEW_MS = 15 * 60 * 1_000;
const DIGEST_BYTES = 32;

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As it came, percent-encoded, without query. */
  readonly path: string;
  /** Without `?`, percent-encoded; `''` when there is none. */
  readonly query: string;
  readonly head: RequestHead;
  /** For an HTTP function: its query is signed too, and may be the signature itself. */
  readonly isFunctionCall: boolean;
}

/** Throws `ApiError` unless the request was signed by a known key not long ago. */
export type Verifier = (request: SignedRequest) => void;

/** A verifier for one key. `now` gives Unix milliseconds. */
export function createVerifier(key: AccessKey, now: () => number): Verifier {
  const hmac = createHmacSha256(key.secret);
  const parseDate = createDateReader();

  function check(
    request: SignedRequest,
    dateSlot: string,
    given: string,
    queryFor: (path: string) => string,
  ): void {
    const expected = Buffer.from(given, 'base64');
    const matches = (path: string): boolean =>
      expected.length === DIGEST_BYTES &&
      timingSafeEqual(hmac(stringToSign(request, dateSlot, queryFor(path))), expected);
    if (matches(request.path)) return;
    // SDKs disagree whether the path is signed as sent or decoded; both say the same thing.
    const decoded = decode(request.path);
    if (decoded !== undefined && decoded !== request.path && matches(decoded)) return;
    throw new ApiError(
      403,
      'SignatureNotMatch',
      'The request signature we calculated does not match the signature you provided. Check the access key secret, and that what is signed is what is sent',
    );
  }

  function checkKey(id: string): void {
    if (id !== key.id) throw new ApiError(403, 'InvalidAccessKeyID', `invalid access key ID '${id}'`);
  }

  function verifyPresigned(request: SignedRequest, query: URLSearchParams): void {
    const expires = query.get('x-fc-expires') ?? '';
    if (!/^\d{1,12}$/.test(expires))
      throw accessDenied("x-fc-expires must be Unix seconds, e.g. '1736150400'");
    if (Number(expires) * 1_000 < now()) throw accessDenied('the presigned URL has expired');
    checkKey(query.get('x-fc-access-key-id') ?? '');
    check(request, expires, query.get('x-fc-signature') ?? '', (path) => proxyResource(path, query));
  }

  return (request) => {
    const { head } = request;
    const query = request.isFunctionCall ? new URLSearchParams(request.query) : undefined;
    if (query?.has('x-fc-signature')) return verifyPresigned(request, query);

    if (head.authorization === undefined) throw missingHeader('Authorization');
    const [, id, signature] = /^FC ([^:\s]+):(\S+)$/.exec(head.authorization) ?? [];
    if (id === undefined || signature === undefined)
      throw accessDenied("the Authorization header must read 'FC <access key ID>:<signature>'");
    const date = head.date ?? head.fcDate;
    if (date === undefined) throw missingHeader('Date');
    const at = parseDate(date);
    if (Number.isNaN(at)) throw accessDenied(`the date '${date}' cannot be read; send RFC 1123 in GMT`);
    if (Math.abs(now() - at) > MAX_SKEW_MS)
      throw accessDenied(`the date '${date}' is more than 15 minutes from the server's clock`);
    // Temporary keys are nothing without their token; it is signed with the other x-fc- headers.
    if (id.startsWith('STS') && head.securityToken === '') throw missingHeader('X-Fc-Security-Token');
    checkKey(id);
    return check(request, date, signature, (path) => (query ? proxyResource(path, query) : path));
  };
}

/** The text that is signed; `resource` is the canonical resource. */
export function stringToSign(
  request: Pick<SignedRequest, 'method' | 'head'>,
  dateSlot: string,
  resource: string,
): string {
  const { contentMd5, contentType, canonicalFcHeaders } = request.head;
  return `${request.method}\n${contentMd5}\n${contentType}\n${dateSlot}\n${canonicalFcHeaders}${resource}`;
}

/** Canonical resource of HTTP functions: path, line feed (also without a query), sorted decoded `key=value` lines. */
export function proxyResource(path: string, query: URLSearchParams): string {
  const pairs: string[] = [];
  for (const [name, value] of query) if (name !== 'x-fc-signature') pairs.push(`${name}=${value}`);
  return `${path}\n${pairs.sort().join('\n')}`;
}

function decode(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Dates have seconds, so all requests of a second carry the same text. */
function createDateReader(): (text: string) => number {
  let lastText = '';
  let lastMs = Number.NaN;
  return (text) => {
    if (text !== lastText) {
      lastMs = Date.parse(text);
      lastText = text;
    }
    return lastMs;
  };
}
