/** Which function an HTTP request is for: by its path under `/proxy/`, or by a custom domain's routes. */
import type { DomainRouter } from '../catalog/domain-routes.ts';
import { splitQualifier, type FunctionAddress } from './function-address.ts';
import { decodeSegment } from './router.ts';

export interface FunctionRoute extends FunctionAddress {
  /** What the function sees as its path; percent-encoded, `/` at least. */
  readonly path: string;
  /** The prefix that was cut off; empty behind a custom domain. */
  readonly base: string;
  /** Behind `?`. */
  readonly query: string;
  /** The path that a caller signs. */
  readonly signedPath: string;
  /** Reached by the trigger's own URL and not by a custom domain. */
  readonly isTriggerUrl: boolean;
}

export const PROXY_PREFIX = '/2016-08-15/proxy/';

/**
 * `/2016-08-15/proxy/{service}[.{qualifier}]/{function}[/path][?query]`, or `undefined` where a name is missing.
 *
 * @param url begins with `PROXY_PREFIX`
 */
export function proxyRoute(url: string): FunctionRoute | undefined {
  const mark = url.indexOf('?');
  const pathEnd = mark < 0 ? url.length : mark;
  const serviceEnd = url.indexOf('/', PROXY_PREFIX.length);
  if (serviceEnd < 0 || serviceEnd >= pathEnd) return undefined;
  const slash = url.indexOf('/', serviceEnd + 1);
  const functionEnd = slash < 0 || slash > pathEnd ? pathEnd : slash;
  const segment = decodeSegment(url.slice(PROXY_PREFIX.length, serviceEnd));
  const name = decodeSegment(url.slice(serviceEnd + 1, functionEnd));
  if (segment === '' || name === '') return undefined;
  const { service, qualifier } = splitQualifier(segment);
  return {
    service,
    qualifier,
    function: name,
    path: functionEnd === pathEnd ? '/' : url.slice(functionEnd, pathEnd),
    base: url.slice(0, functionEnd),
    query: mark < 0 ? '' : url.slice(mark + 1),
    signedPath: url.slice(0, pathEnd),
    isTriggerUrl: true,
  };
}

/** What a domain's routes say of a request, or `undefined`. The function sees the whole path. */
export function domainRoute(find: DomainRouter, method: string, url: string): FunctionRoute | undefined {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const route = find(method, path);
  return (
    route && {
      service: route.serviceName,
      qualifier: route.qualifier,
      function: route.functionName,
      path,
      base: '',
      query: mark < 0 ? '' : url.slice(mark + 1),
      signedPath: path,
      isTriggerUrl: false,
    }
  );
}
