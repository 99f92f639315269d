/**
 * A caller's headers on their way to an HTTP function, in one pass over the raw list: what belongs to the connection, to
 * the platform (`x-fc-`) or to the account's key stays here.
 */
import { HOP_BY_HOP } from '../invoke/hop-by-hop.ts';

export interface ForwardedHead {
  /** Names in lower case, one pair per value; the body's length is added when it is known. */
  readonly headers: [string, string][];
  /** Bytes of all names and values as they came. */
  readonly bytes: number;
  readonly host: string;
  /** Bytes; `undefined` when the body is chunked or absent. */
  readonly contentLength: number | undefined;
  readonly hasBody: boolean;
  /** `sync` unless given; lower case. */
  readonly invocationType: string;
  /** The request says that it is a probe, which only a signature makes true. */
  readonly claimsProbe: boolean;
}

/** The platform's own. Servers that make CGI variables of names cannot tell `_` from `-`. */
const PLATFORM = /^x[-_]fc[-_]|^x[-_]sluice[-_]probe$/;

/**
 * Reads `IncomingMessage.rawHeaders`.
 *
 * @param keepsUpgrade leaves `connection` and `upgrade` in, for a server that may switch protocols
 */
export function readForwardedHead(raw: readonly string[], keepsUpgrade: boolean): ForwardedHead {
  const headers: [string, string][] = [];
  let bytes = 0;
  let host = '';
  let contentLength: number | undefined;
  let isChunked = false;
  let invocationType = 'sync';
  let claimsProbe = false;
  let connection = '';
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const given = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    bytes += given.length + value.length;
    const name = given.toLowerCase();
    if (PLATFORM.test(name)) {
      if (name === 'x-fc-invocation-type') invocationType = value.toLowerCase() || 'sync';
      else if (name === 'x-sluice-probe') claimsProbe = value === '1';
      continue;
    }
    // `expect` among them was answered here.
    if (HOP_BY_HOP.has(name)) {
      if (name === 'transfer-encoding') isChunked = true;
      else if (name === 'connection') connection += `,${value}`;
      if (!keepsUpgrade || (name !== 'connection' && name !== 'upgrade')) continue;
    }
    if (name === 'host') host = value;
    else if (name === 'content-length') contentLength = Number(value);
    // The account's signature; whoever has it could send the same request again.
    else if (name === 'authorization' && value.startsWith('FC ')) continue;
    headers.push([name, value]);
  }
  return {
    headers: keepsUpgrade ? headers : withoutNamed(headers, connection),
    bytes,
    host,
    contentLength,
    hasBody: isChunked || (contentLength ?? 0) > 0,
    invocationType,
    claimsProbe,
  };
}

/** `Connection` may name further headers that end here. */
function withoutNamed(headers: [string, string][], connection: string): [string, string][] {
  if (connection === '' || /^,(keep-alive|close)$/i.test(connection)) return headers;
  const named = new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
  return headers.filter(([name]) => !named.has(name));
}
