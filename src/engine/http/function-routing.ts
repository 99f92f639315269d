/**
 * Which function a request is for. A custom domain is found by its host, whatever the path; else the path under `/proxy/`
 * says it; what is left is for the API.
 */
import type { IncomingMessage } from 'node:http';
import type { DomainStore } from '../catalog/domain-store.ts';
import { accessDenied, ApiError, domainNotFound, pathNotSupported } from './api-error.ts';
import { domainRoute, proxyRoute, PROXY_PREFIX, type FunctionRoute } from './function-route.ts';
import type { WholeRequest } from './whole-request.ts';

/**
 * The function's route; `undefined` for the API.
 *
 * @throws ApiError where a domain has no route for the request, or does not speak the connection's protocol
 */
export type FunctionRouting = (
  request: IncomingMessage | WholeRequest,
  url: string,
  isEncrypted: boolean,
) => FunctionRoute | undefined;

export function createFunctionRouting(domains: DomainStore): FunctionRouting {
  return (request, url, isEncrypted) => {
    const { method = '' } = request;
    if (domains.size > 0 || isEncrypted) {
      const host = hostOf(request.rawHeaders);
      const domain = domains.get(host);
      if (domain) {
        const { name, config } = domain.record;
        if (isEncrypted) checkServerName(request, name);
        if (isEncrypted ? !domain.isSecure : !domain.isPlain)
          throw accessDenied(`domain name '${name}' is served by ${config.protocol} only`);
        const route = domainRoute(domain.route, method, url);
        if (route) return route;
        throw new ApiError(
          404,
          'DomainRouteNotFound',
          `domain name '${name}' has no route for ${method} '${url.split('?')[0]}'`,
        );
      }
      // Certificates are those of domains; the API has none.
      if (isEncrypted) throw domainNotFound(host);
    }
    if (!url.startsWith(PROXY_PREFIX)) return undefined;
    const route = proxyRoute(url);
    if (!route) throw pathNotSupported(method, url);
    return route;
  };
}

/**
 * The certificate of a connection is that of the name it asked for (SNI): its client knows that it speaks with that domain
 * alone. RFC 9110 §15.5.20: a request for another one is misdirected, whoever put it on the connection.
 */
function checkServerName({ socket }: { readonly socket: object }, name: string): void {
  const asked = 'servername' in socket ? socket.servername : undefined;
  if (typeof asked === 'string' && asked.toLowerCase() === name) return;
  throw new ApiError(
    421,
    'MisdirectedRequest',
    `the connection was made for '${String(asked)}', and domain name '${name}' needs one of its own`,
  );
}

/** In lower case, without port and without the dot that may end a full name. */
function hostOf(raw: readonly string[]): string {
  for (let at = 0; at + 1 < raw.length; at += 2)
    if (raw[at]?.toLowerCase() === 'host')
      return (raw[at + 1] ?? '').replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
  return '';
}
