/**
 * Requests to HTTP functions: the trigger that lets them in, the version that answers, and the response. Like
 * `invocations.ts` a hot path: triggers are prepared when they are written, headers are read once.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { bringsServer } from '../../domain/names/runtimes.ts';
import { ASYNC_PAYLOAD_BYTES_MAX, type Acceptor } from '../asynchronous/accept.ts';
import { httpTriggerKey, targetOf, type HttpTrigger, type ServiceState } from '../catalog/service-state.ts';
import type { Target } from '../catalog/targets.ts';
import { checkUnbound } from '../catalog/vpc-bindings.ts';
import {
  RefusedError,
  type HttpRequestHead,
  type InvocationResult,
  type Revision,
} from '../invoke/contract.ts';
import { accessDenied, ApiError, invalidArgument } from './api-error.ts';
import type { Calling } from './calling.ts';
import { countRefused, ERROR_TYPES, seriesOf } from './counting.ts';
import { readForwardedHead, type ForwardedHead } from './forwarded-head.ts';
import type { FunctionRoute } from './function-route.ts';
import { IncomingBody, sayTooLarge } from './incoming-body.ts';
import { readBody } from './read-body.ts';
import type { Reply } from './reply.ts';
import { readRequestHead } from './request-head.ts';
import { ResponseSink } from './response-sink.ts';
import type { Verifier } from './signature.ts';
import { tracingOf } from './tracing.ts';
import { WholeRequest } from './whole-request.ts';

export interface HttpCallOptions extends Calling {
  readonly verify: Verifier;
  /** Largest body, bytes. */
  readonly maxPayloadBytes: number;
  readonly accept: Acceptor;
}

export interface HttpExchange {
  readonly requestId: string;
  readonly request: IncomingMessage | WholeRequest;
  readonly response: Reply;
  /** The caller's connection, where it asks for another protocol. */
  readonly socket: Duplex | undefined;
  readonly isEncrypted: boolean;
}

/** Answers a request that is for `route`; throws `ApiError`, `RefusedError` or `RequestAborted`. */
export type HttpCalls = (exchange: HttpExchange, route: FunctionRoute) => Promise<void>;

/** runtimes.md §11, limits: bytes of all headers, and of path with query. */
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_URI_BYTES = 4 * 1024;
const NOTHING = Buffer.alloc(0);
const CLOUD_HOST = /\.fc\.aliyuncs\.com(:\d+)?$/i;

export function createHttpCalls(options: HttpCallOptions): HttpCalls {
  const { catalog, runner, verify, random, now, maxPayloadBytes } = options;

  function authenticate(request: IncomingMessage | WholeRequest, route: FunctionRoute): void {
    const { method = '', rawHeaders } = request;
    const { signedPath: path, query } = route;
    verify({ method, path, query, head: readRequestHead(rawHeaders), isFunctionCall: true });
  }

  /** A probe is kept out of the figures that users' requests make, so nobody may call himself one. */
  function isProbe(request: IncomingMessage | WholeRequest, route: FunctionRoute): boolean {
    try {
      authenticate(request, route);
      return true;
    } catch {
      return false;
    }
  }

  /** Stores the call and answers 202; the function is asked later, with what would be asked now. */
  async function accept(
    { requestId, request, response, socket }: HttpExchange,
    route: FunctionRoute,
    head: HttpRequestHead,
    payload: Buffer,
  ): Promise<void> {
    if (socket) throw invalidArgument('a WebSocket cannot be called asynchronously');
    const { invocationId, asyncDelay } = readRequestHead(request.rawHeaders);
    const call = { requestId, address: route, head: { invocationId, asyncDelay }, payload, http: head };
    response.writeHead(202, await options.accept(call)).end();
  }

  return async (exchange, route) => {
    const { requestId, request, response, socket, isEncrypted } = exchange;
    const before = catalog.find(route.service);
    checkUnbound(before);
    const trigger = triggerOf(before, route);
    const isSigned = trigger.authType === 'function';
    if (isSigned) authenticate(request, route);
    const head = readForwardedHead(request.rawHeaders, socket !== undefined);
    const headers = isEncrypted ? tellProtocol(head.headers) : head.headers;
    const { method = '', url = '' } = request;
    check(trigger, route, head, method, url);
    let target = targetFor(before, route, random);
    const isAsync = head.invocationType === 'async';
    const limitBytes = isAsync ? ASYNC_PAYLOAD_BYTES_MAX : maxPayloadBytes;
    const incoming = isAsync || socket ? undefined : incomingBody(request, head, target.revision, limitBytes);
    const payload =
      head.hasBody && !incoming ? await readBody(request, head, limitBytes, bodyTooLarge) : NOTHING;
    if (head.hasBody && !incoming && head.contentLength === undefined)
      headers.push(['content-length', String(payload.length)]);
    // A slow upload must not bring a call to a version that lost its traffic meanwhile, nor past a trigger that was closed.
    const after = catalog.find(route.service);
    if (after !== before) {
      checkUnbound(after);
      const current = triggerOf(after, route);
      if (current.authType === 'function' && !isSigned) authenticate(request, route);
      check(current, route, head, method, url);
      target = targetFor(after, route, random);
    }

    const requestHead: HttpRequestHead = {
      method,
      path: route.path,
      uri: url,
      base: route.base,
      query: route.query,
      clientIp: addressOf(request),
      headers,
    };
    if (isAsync) return accept(exchange, route, requestHead, payload);
    const probe = head.claimsProbe && (isSigned || isProbe(request, route));
    const { revision, version } = target;
    const sink = new ResponseSink({
      response,
      method,
      requestId,
      version,
      isAttachment: route.isTriggerUrl && CLOUD_HOST.test(head.host),
      socket,
    });
    // A response that has begun can say by its end alone that something is wrong.
    incoming?.once('error', () => sink.hasBegun && response.destroy());
    const series = seriesOf(options.series, target, route.qualifier, probe);
    const startedAt = performance.now();
    let result: InvocationResult;
    try {
      result = await runner.request(revision, {
        requestId,
        qualifier: route.qualifier,
        payload,
        wantsLog: false,
        retryCount: 0,
        isProbe: probe,
        tracing:
          revision.jaegerEndpoint === ''
            ? undefined
            : tracingOf(readRequestHead(request.rawHeaders), revision),
        head: requestHead,
        wantsUpgrade: socket !== undefined,
        body: incoming,
        sink,
      });
    } catch (error) {
      countRefused(series, error, now());
      throw asGatewayError(error);
    } finally {
      incoming?.leave();
    }
    const failure = failureOf(result, sink);
    // How long two sides talk to each other is no latency.
    const latencyMs = sink.status === 101 ? null : performance.now() - startedAt;
    // Whoever sends his body slowly, or not to its end, must not spoil the figures of a version.
    if (incoming && !incoming.writableFinished && result.outcome !== 'ok')
      series.countRefusal('RequestIncomplete');
    else series.count({ error: failure, coldStart: result.coldStart, latencyMs }, now());
    if (result.outcome === 'ok') return;
    if (sink.hasBegun) (socket ?? response).destroy();
    else
      response
        .writeHead(502, [
          'Content-Type',
          'application/json',
          'Content-Length',
          String(result.body.length),
          'X-Fc-Request-Id',
          requestId,
          'X-Fc-Invocation-Service-Version',
          version,
          'X-Fc-Instance-Id',
          result.instanceId,
          'X-Fc-Error-Type',
          ERROR_TYPES[result.outcome],
        ])
        .end(result.body);
  };
}

/**
 * The body as it comes, where its caller did not say how long it is and the function speaks HTTP itself; any other body is
 * waited for.
 */
function incomingBody(
  request: IncomingMessage | WholeRequest,
  { hasBody, contentLength }: ForwardedHead,
  { runtime }: Revision,
  limitBytes: number,
): IncomingBody | undefined {
  if (!hasBody || contentLength !== undefined || request instanceof WholeRequest) return undefined;
  return bringsServer(runtime) ? new IncomingBody(request, limitBytes) : undefined;
}

/** The function sees a plain request; links that it makes have to name what the caller used. */
function tellProtocol(headers: readonly [string, string][]): [string, string][] {
  return [...headers.filter(([name]) => name !== 'x-forwarded-proto'), ['x-forwarded-proto', 'https']];
}

/** The trigger of the route's qualifier; throws what is missing, from the outside in. */
function triggerOf(state: ServiceState, route: FunctionRoute): HttpTrigger {
  const trigger = state.httpTriggers.get(httpTriggerKey(route.function, route.qualifier));
  if (trigger) return trigger;
  // Says of a wrong name that it is wrong.
  targetOf(state, route.qualifier, route.function, () => 0);
  throw new ApiError(
    404,
    'TriggerNotFound',
    `function '${route.function}' of service '${route.service}' has no HTTP trigger for qualifier '${route.qualifier}'; create one of triggerType 'http'`,
  );
}

function targetFor(state: ServiceState, route: FunctionRoute, random: () => number): Target {
  return targetOf(state, route.qualifier, route.function, random);
}

/** What the trigger does not allow, and what is over a limit. */
function check(
  trigger: HttpTrigger,
  route: FunctionRoute,
  head: ForwardedHead,
  method: string,
  url: string,
): void {
  if (trigger.disableURLInternet && route.isTriggerUrl)
    throw accessDenied(`the URL of trigger '${trigger.name}' is switched off; use a custom domain`);
  if (!(trigger.methods as readonly string[]).includes(method))
    throw accessDenied(
      `trigger '${trigger.name}' does not allow ${method}; it allows ${trigger.methods.join(', ')}`,
    );
  if (head.bytes > MAX_HEADER_BYTES)
    throw invalidArgument(`the headers have ${head.bytes} bytes; at most ${MAX_HEADER_BYTES} are allowed`);
  if (url.length > MAX_URI_BYTES)
    throw invalidArgument(`path and query have ${url.length} bytes; at most ${MAX_URI_BYTES} are allowed`);
  if (head.invocationType !== 'sync' && head.invocationType !== 'async')
    throw invalidArgument(`X-Fc-Invocation-Type must be Sync or Async, not '${head.invocationType}'`);
}

/** A response of 500 and above is the function's failure, as a throw would have been; 4xx tells of its caller. */
function failureOf(result: InvocationResult, sink: ResponseSink): string | null {
  if (result.outcome !== 'ok') return ERROR_TYPES[result.outcome];
  return sink.status >= 500 ? `Http${sink.status}` : null;
}

/** A browser must not take a function's start (412) or its response (413) for its own fault. */
function asGatewayError(error: unknown): unknown {
  if (!(error instanceof RefusedError)) return error;
  return error.status === 412 || error.status === 413
    ? new RefusedError(502, error.code, error.message)
    : error;
}

function bodyTooLarge(limitBytes: number): ApiError {
  return invalidArgument(sayTooLarge(limitBytes));
}

/** IPv4 as such, also on a socket that takes both. */
function addressOf(request: IncomingMessage | WholeRequest): string {
  const address = request.socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
