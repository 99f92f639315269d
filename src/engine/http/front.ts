/**
 * The engine's front on bare `node:http`: authenticates, routes, turns errors into the API's error documents. The
 * invocation path branches off before anything that only the control plane needs.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ensureError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { RefusedError } from '../invoke/contract.ts';
import { ApiError, pathNotSupported } from './api-error.ts';
import type { FunctionRoute } from './function-route.ts';
import type { FunctionRouting } from './function-routing.ts';
import type { HttpCalls } from './http-calls.ts';
import { invocationAddress, type InvocationRequest } from './invocations.ts';
import type { ServeDirect } from './direct-connections.ts';
import { createListener, type Serve } from './listener.ts';
import { Call, type Operation } from './operation.ts';
import { discardRest, readBody, RequestAborted } from './read-body.ts';
import type { Reply } from './reply.ts';
import { readRequestHead, type RequestHead } from './request-head.ts';
import { sendAnswer, sendError } from './respond.ts';
import { createRouter } from './router.ts';
import type { Verifier } from './signature.ts';
import { createSecureServer, type Certificates } from './secure-server.ts';
import { WholeRequest } from './whole-request.ts';

const API_PREFIX = '/2016-08-15';
/** Largest JSON body: a package of 50 MB is 67 MB in base64. */
const MAX_JSON_BYTES = 72 * 1024 * 1024;
/** Tells the caller of a function that the answer is not the function's. */
const FUNCTION_ERROR = ['X-Fc-Error-Type', 'FcCommonError'];
/** Path of an invocation, without query. */
const INVOCATION = /^\/2016-08-15(\/services\/[^/?]+\/functions\/[^/?]+\/invocations)$/;

/** A page beside the API, e.g. `/healthz`; needs no signature. */
export type Page = () => Promise<{
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}>;

export interface FrontOptions {
  readonly verify: Verifier;
  readonly operations: readonly Operation[];
  readonly invoke: (call: InvocationRequest) => Promise<void>;
  readonly routeOf: FunctionRouting;
  readonly callHttp: HttpCalls;
  /** Of custom domains; without them HTTPS is not served. */
  readonly certificates: Certificates | undefined;
  readonly pages: ReadonlyMap<string, Page>;
  readonly log: Logger;
}

export interface Front {
  readonly server: Server;
  /** For custom domains by HTTPS. */
  readonly secureServer: Server | undefined;
  /** Stops accepting, lets calls finish for up to `graceMs` milliseconds, then cuts what is left. */
  drain(graceMs: number): Promise<void>;
}

export function createFront(options: FrontOptions): Front {
  const { verify, invoke, routeOf, callHttp, pages, log } = options;
  const route = createRouter(options.operations);
  let isDraining = false;

  async function serveApi(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    url: string,
    socket: Duplex | undefined,
  ): Promise<void> {
    const method = request.method ?? '';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = mark < 0 ? '' : url.slice(mark + 1);
    const head = readRequestHead(request.rawHeaders);
    const signed = { method, path, query, head, isFunctionCall: false };
    const inner = path.slice(API_PREFIX.length);

    if (method === 'POST' && inner.endsWith('/invocations')) {
      verify(signed);
      const address = invocationAddress(inner);
      if (address) return invoke({ requestId, address, head, request, response });
    }
    const found = findOpen(method, inner);
    if (!found) verify(signed);
    const { operation, params } = found ?? route(method, inner);
    const upgrade = socket && operation.upgrade ? { requestId, request, response, socket } : undefined;
    const body = upgrade ? Buffer.alloc(0) : await readBody(request, head, MAX_JSON_BYTES);
    const call = new Call({
      params,
      query: new URLSearchParams(query),
      body,
      contentType: head.contentType,
      ifMatch: operation.conditional && head.ifMatch,
      input: operation.input,
      origin: originOf(request, head),
    });
    if (upgrade) return operation.upgrade?.(call, upgrade);
    return sendAnswer(response, requestId, await operation.run(call));
  }

  /** Operations without a signature are found first; whoever is not known learns nothing about other paths. */
  function findOpen(method: string, path: string): ReturnType<typeof route> | undefined {
    if (!path.startsWith('/_sluice/')) return undefined;
    const found = route(method, path);
    return found.operation.signed === false ? found : undefined;
  }

  function serveOwn(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    url: string,
    socket: Duplex | undefined,
  ): Promise<void> {
    if (url.startsWith(`${API_PREFIX}/`)) return serveApi(request, response, requestId, url, socket);
    const page = pages.get(url);
    if (page && request.method === 'GET') return servePage(response, requestId, page);
    return Promise.reject(pathNotSupported(request.method ?? '', url));
  }

  async function servePage(response: ServerResponse, requestId: string, page: Page): Promise<void> {
    const { status, contentType, body } = await page();
    response.writeHead(status, ['Content-Type', contentType, 'X-Fc-Request-Id', requestId]).end(body);
  }

  function refuse(
    request: IncomingMessage | WholeRequest,
    response: Reply,
    requestId: string,
    thrown: unknown,
    further: readonly string[] = [],
  ): void {
    if (thrown instanceof RequestAborted) {
      response.destroy();
      return;
    }
    if (!(request instanceof WholeRequest)) discardRest(request);
    // A query may be a signature.
    const path = request.url?.split('?')[0];
    if (thrown instanceof ApiError || thrown instanceof RefusedError) {
      if (thrown.status >= 500) log.warn({ err: thrown, requestId, path }, 'a request failed');
      sendError(response, requestId, thrown, further);
      return;
    }
    log.error({ err: ensureError(thrown), requestId, path }, 'a request met an error of ours');
    const message = `the engine met an error of its own; its log has it under request id ${requestId}`;
    sendError(response, requestId, { status: 500, code: 'InternalServerError', message }, further);
  }

  /** Calls the function that the request is for; false: it is for the API. */
  function callFunction(
    requestId: string,
    request: IncomingMessage | WholeRequest,
    response: Reply,
    socket: Duplex | undefined,
    isEncrypted: boolean,
  ): boolean {
    const fail = (error: unknown): void => refuse(request, response, requestId, error, FUNCTION_ERROR);
    if (isDraining) response.shouldKeepAlive = false;
    let route: FunctionRoute | undefined;
    try {
      route = routeOf(request, request.url ?? '', isEncrypted);
    } catch (error) {
      fail(error);
      return true;
    }
    if (route) callHttp({ requestId, request, response, socket, isEncrypted }, route).catch(fail);
    return route !== undefined;
  }

  const serveBy =
    (isEncrypted: boolean): Serve =>
    (request, response, socket) => {
      const requestId = randomUUID();
      if (callFunction(requestId, request, response, socket, isEncrypted)) return;
      serveOwn(request, response, requestId, request.url ?? '', socket).catch((error: unknown) =>
        refuse(request, response, requestId, error),
      );
    };

  /** Calls of functions, which are nearly all requests; what else there is goes the long way. */
  const serveDirect: ServeDirect = (request, response) => {
    const requestId = randomUUID();
    if (callFunction(requestId, request, response, undefined, false)) return true;
    const inner = request.method === 'POST' ? INVOCATION.exec(request.url)?.[1] : undefined;
    if (inner === undefined) return false;
    invokeSigned(request, response, requestId, inner).catch((error: unknown) =>
      refuse(request, response, requestId, error),
    );
    return true;
  };

  async function invokeSigned(
    request: WholeRequest,
    response: Reply,
    requestId: string,
    inner: string,
  ): Promise<void> {
    const { method, url, rawHeaders } = request;
    const head = readRequestHead(rawHeaders);
    verify({ method, path: url, query: '', head, isFunctionCall: false });
    const address = invocationAddress(inner);
    if (!address) throw pathNotSupported(method, url);
    return invoke({ requestId, address, head, request, response });
  }

  const plain = createListener(createServer(), serveBy(false), serveDirect);
  const secure =
    options.certificates && createListener(createSecureServer(options.certificates), serveBy(true));

  return {
    server: plain.server,
    secureServer: secure?.server,
    async drain(graceMs) {
      isDraining = true;
      await Promise.all([plain.drain(graceMs), secure?.drain(graceMs)]);
    },
  };
}

/**
 * Where the caller reached us. The Node.js SDK leaves the port out of `Host`, so the port is that of the connection
 * unless `Host` names one.
 */
function originOf(request: IncomingMessage, head: RequestHead): string {
  const host = head.host ?? '';
  const { localPort = 80 } = request.socket;
  if (/^[A-Za-z0-9.-]+:\d{1,5}$|^\[[0-9A-Fa-f:]+\]:\d{1,5}$/.test(host)) return `http://${host}`;
  if (/^[A-Za-z0-9.-]+$|^\[[0-9A-Fa-f:]+\]$/.test(host)) return `http://${host}:${localPort}`;
  return `http://127.0.0.1:${localPort}`;
}
