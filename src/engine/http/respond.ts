/** Answers of the wire API: every one carries its request id, and every error is JSON (fc-api.md §6). */
import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { unreachable } from '../../platform/errors.ts';
import type { Answer } from './operation.ts';
import type { Reply } from './reply.ts';

export async function sendAnswer(response: ServerResponse, requestId: string, answer: Answer): Promise<void> {
  switch (answer.kind) {
    case 'json':
      return sendJson(
        response,
        200,
        requestId,
        answer.body,
        answer.etag === undefined ? [] : ['Etag', answer.etag],
      );
    case 'nothing':
      response.writeHead(204, ['X-Fc-Request-Id', requestId]).end();
      return undefined;
    case 'file':
      response.writeHead(200, [
        'Content-Type',
        answer.contentType,
        'Content-Length',
        String(answer.size),
        'X-Fc-Request-Id',
        requestId,
      ]);
      return pipeline(createReadStream(answer.path), response);
    default:
      return unreachable(answer);
  }
}

/** @param further headers, names and values in turn */
function sendJson(
  response: Reply,
  status: number,
  requestId: string,
  body: unknown,
  further: readonly string[] = [],
): void {
  const payload = Buffer.from(JSON.stringify(body), 'utf8');
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(payload.length),
    'X-Fc-Request-Id',
    requestId,
    ...further,
  ];
  response.writeHead(status, headers).end(payload);
}

export function sendError(
  response: Reply,
  requestId: string,
  error: { readonly status: number; readonly code: string; readonly message: string },
  further: readonly string[] = [],
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const document = { ErrorCode: error.code, ErrorMessage: error.message };
  sendJson(response, error.status, requestId, document, further);
}

/** What a connection gets that did not even send HTTP; raw, for there is no request to answer. */
export function rawBadRequest(requestId: string, status: string, code: string, message: string): string {
  const body = JSON.stringify({ ErrorCode: code, ErrorMessage: message });
  return [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Fc-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
