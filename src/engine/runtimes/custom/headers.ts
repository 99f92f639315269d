/** The headers of runtimes.md §8: what a function's own server is told with each request, and what passes back. */
import type { CallTracing, HttpRequestHead } from '../../invoke/contract.ts';
import { HOP_BY_HOP } from '../../invoke/hop-by-hop.ts';
import type { CallHeader, StartMessage } from '../protocol.ts';

export type ControlPath = '/invoke' | '/http-invoke' | '/initialize' | '/pre-freeze' | '/pre-stop';

/** What the platform sets itself on a response; it recomputes the length, but needs the server's for `HEAD`. */
const NOT_PASSED = new Set(['date', 'server']);

/** Names and values in turn, as `http.request` takes them. */
export class PlatformHeaders {
  readonly #ofInstance: readonly string[];

  constructor({ context, handler, initializer, hooks }: StartMessage) {
    const { credentials, function: fn, service } = context;
    this.#ofInstance = pairs({
      'x-fc-account-id': context.accountId,
      'x-fc-region': context.region,
      'x-fc-service-name': service.name,
      'x-fc-service-logproject': service.logProject,
      'x-fc-service-logstore': service.logStore,
      'x-fc-version-id': service.versionId,
      'x-fc-function-name': fn.name,
      'x-fc-function-handler': handler,
      'x-fc-function-memory': String(fn.memory),
      'x-fc-function-timeout': String(fn.timeout),
      'x-fc-function-initializer': initializer,
      'x-fc-initialization-timeout': String(fn.initializationTimeout),
      'x-fc-instance-lifecycle-pre-stop-handler': hooks.preStop,
      'x-fc-instance-lifecycle-pre-freeze-handler': hooks.preFreeze,
      'x-fc-access-key-id': credentials.accessKeyId,
      'x-fc-access-key-secret': credentials.accessKeySecret,
      'x-fc-security-token': credentials.securityToken,
    });
  }

  /** Of one request. A probe of a release says so by the header that its sender used. */
  of(call: CallHeader, controlPath: ControlPath): string[] {
    const headers = [
      ...this.#ofInstance,
      'x-fc-request-id',
      fieldValue(call.requestId),
      'x-fc-qualifier',
      fieldValue(call.qualifier),
      'x-fc-retry-count',
      String(call.retryCount),
      'x-fc-control-path',
      controlPath,
    ];
    if (call.tracing) headers.push(...tracingHeaders(call.tracing));
    if (call.isProbe) headers.push('x-sluice-probe', '1');
    return headers;
  }
}

function tracingHeaders(tracing: CallTracing): string[] {
  return pairs({
    'x-fc-tracing-opentracing-span-context': tracing.openTracingSpanContext,
    'x-fc-tracing-opentracing-span-baggages': Buffer.from(
      JSON.stringify(tracing.openTracingSpanBaggages),
    ).toString('base64'),
    'x-fc-tracing-jaeger-endpoint': tracing.jaegerEndpoint,
  });
}

/**
 * The caller's own headers as the server gets them, with the prefix that was cut off its path.
 *
 * @param bodyBytes `undefined`: nobody knows yet
 */
export function requestHeaders(
  { headers, base, method }: HttpRequestHead,
  bodyBytes: number | undefined,
  wantsUpgrade: boolean,
): string[] {
  const passed: string[] = [];
  for (const [name, value] of headers)
    if (!HOP_BY_HOP.has(name) && name !== 'content-length' && !name.startsWith('x-fc-'))
      passed.push(name, value);
  passed.push('x-fc-base-path', fieldValue(base));
  if (wantsUpgrade) {
    const protocol = headers.find(([name]) => name === 'upgrade')?.[1] ?? 'websocket';
    passed.push('connection', 'upgrade', 'upgrade', protocol);
  }
  // RFC 9110 §8.6: a method that usually has a body says so also when it has none.
  if (bodyBytes === undefined) passed.push('transfer-encoding', 'chunked');
  else if (bodyBytes > 0 || ['POST', 'PUT', 'PATCH'].includes(method))
    passed.push('content-length', String(bodyBytes));
  return passed;
}

/** @param raw names and values in turn, as they came; returns the pairs that go on to the caller */
export function responseHeaders(raw: readonly string[]): [string, string][] {
  const passed: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !NOT_PASSED.has(lower) && !lower.startsWith('x-fc-'))
      passed.push([name, raw[at + 1] ?? '']);
  }
  return passed;
}

/** Of a switch of protocols: as above, but `connection` and `upgrade` are what it is about. */
export function upgradeHeaders(raw: readonly string[]): string[] {
  const passed = responseHeaders(raw).flat();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (['connection', 'upgrade'].includes(name.toLowerCase())) passed.push(name, raw[at + 1] ?? '');
  }
  return passed;
}

function pairs(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [name, fieldValue(value)]);
}

/** UTF-8 bytes in the form in which Node.js writes header values, without what could end one. */
function fieldValue(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return Buffer.from(text.replaceAll(/[\u0000-\u001f\u007f]/g, ' '), 'utf8').toString('latin1');
}
