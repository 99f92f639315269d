/**
 * `POST …/invocations`, the hot path: find the revision, call it, count it, answer. Everything that can be prepared
 * was, when the function or alias was written; what is left is a few lookups and one draw.
 */
import type { IncomingMessage } from 'node:http';
import { ASYNC_PAYLOAD_BYTES_MAX, type Acceptor } from '../asynchronous/accept.ts';
import { targetOf } from '../catalog/service-state.ts';
import type { Target } from '../catalog/targets.ts';
import { checkUnbound } from '../catalog/vpc-bindings.ts';
import type { InvocationResult } from '../invoke/contract.ts';
import { invalidArgument } from './api-error.ts';
import type { Calling } from './calling.ts';
import { countRefused, ERROR_TYPES, seriesOf } from './counting.ts';
import { splitQualifier, type FunctionAddress } from './function-address.ts';
import { readBody } from './read-body.ts';
import type { Reply } from './reply.ts';
import type { RequestHead } from './request-head.ts';
import { decodeSegment } from './router.ts';
import { tracingOf } from './tracing.ts';
import type { WholeRequest } from './whole-request.ts';

export interface InvocationOptions extends Calling {
  /** Largest event, bytes. */
  readonly maxPayloadBytes: number;
  readonly accept: Acceptor;
}

export interface InvocationRequest {
  readonly requestId: string;
  readonly address: FunctionAddress;
  readonly head: RequestHead;
  readonly request: IncomingMessage | WholeRequest;
  readonly response: Reply;
}

const EXPOSED =
  'X-Fc-Request-Id,X-Fc-Invocation-Duration,X-Fc-Max-Memory-Usage,X-Fc-Code-Checksum,' +
  'X-Fc-Invocation-Service-Version,X-Fc-Instance-Id,X-Fc-Error-Type,X-Fc-Log-Result';

/** `/services/{service}[.{qualifier}]/functions/{function}/invocations`, or `undefined` for another path. */
export function invocationAddress(path: string): FunctionAddress | undefined {
  const [, services, segment, functions, name, invocations, ...rest] = path.split('/');
  if (services !== 'services' || functions !== 'functions' || invocations !== 'invocations') return undefined;
  if (!segment || !name || rest.length > 0) return undefined;
  const { service, qualifier } = splitQualifier(decodeSegment(segment));
  return { service, qualifier, function: decodeSegment(name) };
}

/** Answers a signed request; throws `ApiError`, `RefusedError` or `RequestAborted`. */
export function createInvocations(options: InvocationOptions): (call: InvocationRequest) => Promise<void> {
  const { catalog, runner, random, now } = options;

  function find({ service, qualifier, function: name }: FunctionAddress): Target {
    return targetOf(catalog.find(service), qualifier, name, random);
  }

  return async ({ requestId, address, head, request, response }) => {
    const before = catalog.services.get(address.service);
    if (before) checkUnbound(before);
    let target = find(address);
    const wantsLog = checkHeaders(head);
    if (head.invocationType === 'async') {
      const payload = await readBody(request, head, ASYNC_PAYLOAD_BYTES_MAX);
      response.writeHead(202, await options.accept({ requestId, address, head, payload })).end();
      return;
    }
    const payload = await readBody(request, head, options.maxPayloadBytes);
    // A slow upload must not bring a call to a version that lost its traffic meanwhile.
    if (catalog.services.get(address.service) !== before) target = find(address);

    const { revision } = target;
    const series = seriesOf(options.series, target, address.qualifier, head.isProbe);
    const startedAt = performance.now();
    let result: InvocationResult;
    try {
      result = await runner.invoke(revision, {
        requestId,
        qualifier: address.qualifier,
        payload,
        wantsLog: wantsLog && revision.instanceConcurrency === 1,
        retryCount: 0,
        isProbe: head.isProbe,
        tracing: revision.jaegerEndpoint === '' ? undefined : tracingOf(head, revision),
        onGone: (callback) => response.once('close', callback),
      });
    } catch (error) {
      countRefused(series, error, now());
      throw error;
    }
    const error = result.outcome === 'ok' ? null : ERROR_TYPES[result.outcome];
    series.count({ error, coldStart: result.coldStart, latencyMs: performance.now() - startedAt }, now());

    const headers = [
      'Content-Type',
      error === null ? 'application/octet-stream' : 'application/json',
      'Content-Length',
      String(result.body.length),
      'X-Fc-Request-Id',
      requestId,
      'X-Fc-Invocation-Duration',
      String(Math.round(result.durationMs * 100) / 100),
      'X-Fc-Max-Memory-Usage',
      result.maxMemoryMb.toFixed(2),
      'X-Fc-Code-Checksum',
      revision.codeChecksum,
      'X-Fc-Invocation-Service-Version',
      target.version,
      'X-Fc-Instance-Id',
      result.instanceId,
      'Access-Control-Expose-Headers',
      EXPOSED,
    ];
    if (error !== null) headers.push('X-Fc-Error-Type', error);
    if (wantsLog && revision.instanceConcurrency === 1)
      headers.push('X-Fc-Log-Result', result.log.toString('base64'));
    response.writeHead(200, headers).end(result.body);
  };
}

/** Whether the caller wants the log; throws for what the API or this engine does not know. */
function checkHeaders(head: RequestHead): boolean {
  if (head.invocationType !== 'sync' && head.invocationType !== 'async')
    throw invalidArgument(`X-Fc-Invocation-Type must be Sync or Async, not '${head.invocationType}'`);
  if (head.logType !== 'none' && head.logType !== 'tail')
    throw invalidArgument(`X-Fc-Log-Type must be None or Tail, not '${head.logType}'`);
  return head.logType === 'tail';
}
