/**
 * Which addresses metrics may be read from. A plan comes with a commit, and whoever can push must not make the worker
 * ask addresses of its network: only what the operator named is asked, without following redirects to anywhere else.
 */

export interface AllowedAddress {
  readonly url: URL;
  /** What the operator gave with the address, as a header; never part of a plan, a log or an error. */
  readonly authorization: string | null;
}

/** How an address is made allowed. */
export const ALLOW_BY = 'SLUICE_METRIC_SOURCES';

/**
 * The address as it may be asked, or `null`.
 *
 * @param allowed absolute URLs; one allows itself and every path below it, and may carry user and password
 */
export function allowedAddress(address: string, allowed: readonly string[]): AllowedAddress | null {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !isWeb(url) || url.username !== '' || url.password !== '') return null;
  for (const text of allowed) {
    const base = new URL(text);
    if (!isWeb(base) || base.origin !== url.origin || !isBelow(url.pathname, base.pathname)) continue;
    const { username, password } = base;
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return {
      url,
      authorization: login === ':' ? null : `Basic ${Buffer.from(login).toString('base64')}`,
    };
  }
  return null;
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** Both are normalised by `URL`, so that no `..` is left; an encoded one is only a name. */
function isBelow(path: string, base: string): boolean {
  const folder = base.endsWith('/') ? base : `${base}/`;
  return path === base || `${path}/` === folder || path.startsWith(folder);
}
