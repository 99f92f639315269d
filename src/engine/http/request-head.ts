/**
 * What the engine needs of a request's headers, read in one pass over the raw list: Node's own header object is built
 * lazily, and the invocation path does without it.
 */

export interface RequestHead {
  readonly authorization: string | undefined;
  readonly date: string | undefined;
  readonly fcDate: string | undefined;
  readonly contentMd5: string;
  readonly contentType: string;
  /** Bytes; `undefined` when the body is chunked or absent. */
  readonly contentLength: number | undefined;
  /** False when the message can have no body, so nobody needs to wait for one. */
  readonly hasBody: boolean;
  readonly ifMatch: string | undefined;
  readonly host: string | undefined;
  /** `sync` unless given; lower case. */
  readonly invocationType: string;
  /** `none` unless given; lower case. */
  readonly logType: string;
  /** Empty unless the caller names an asynchronous call itself. */
  readonly invocationId: string;
  /** Seconds that an asynchronous call is to wait, as given; empty: none. */
  readonly asyncDelay: string;
  /** Empty unless the caller sent one. */
  readonly securityToken: string;
  /** `X-Sluice-Probe: 1`: a synthetic request, counted apart from users' requests. */
  readonly isProbe: boolean;
  /** The sorted `name:value` lines of all `x-fc-` headers, each ended by a line feed. */
  readonly canonicalFcHeaders: string;
}

/** Reads `IncomingMessage.rawHeaders`: names and values in turn, as they came. */
export function readRequestHead(raw: readonly string[]): RequestHead {
  let authorization: string | undefined;
  let date: string | undefined;
  let fcDate: string | undefined;
  let contentMd5 = '';
  let contentType = '';
  let contentLength: number | undefined;
  let chunked = false;
  let ifMatch: string | undefined;
  let host: string | undefined;
  let invocationType = 'sync';
  let logType = 'none';
  let invocationId = '';
  let asyncDelay = '';
  let securityToken = '';
  let isProbe = false;
  const lines: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const given = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const name = given.toLowerCase();
    switch (name) {
      case 'authorization':
        authorization = value;
        break;
      case 'date':
        date = value;
        break;
      case 'content-md5':
        contentMd5 = value;
        break;
      case 'content-type':
        contentType = value;
        break;
      case 'content-length':
        contentLength = Number(value);
        break;
      case 'transfer-encoding':
        chunked = true;
        break;
      case 'if-match':
        ifMatch = value;
        break;
      case 'host':
        host = value;
        break;
      case 'x-sluice-probe':
        isProbe = value === '1';
        break;
      default:
        if (!name.startsWith('x-fc-')) break;
        lines.push(`${name}:${value}\n`);
        if (name === 'x-fc-date') fcDate = value;
        else if (name === 'x-fc-invocation-type') invocationType = value.toLowerCase() || 'sync';
        else if (name === 'x-fc-stateful-async-invocation-id') invocationId = value;
        else if (name === 'x-fc-async-delay') asyncDelay = value;
        else if (name === 'x-fc-security-token') securityToken = value;
        else if (name === 'x-fc-log-type') logType = value.toLowerCase() || 'none';
    }
  }
  // Sorting whole lines would put `x-fc-a-b:` before `x-fc-a:`, because `-` sorts before `:`.
  if (lines.length > 1) lines.sort((a, b) => compare(a.slice(0, a.indexOf(':')), b.slice(0, b.indexOf(':'))));
  return {
    authorization,
    date,
    fcDate,
    contentMd5,
    contentType,
    contentLength,
    hasBody: chunked || (contentLength ?? 0) > 0,
    ifMatch,
    host,
    invocationType,
    logType,
    invocationId,
    asyncDelay,
    securityToken,
    isProbe,
    canonicalFcHeaders: lines.length === 1 ? (lines[0] ?? '') : lines.join(''),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
