/**
 * An operation of the API: method, path, and what it does. Resource files in `catalog/` and `metrics/` declare them;
 * the front finds them by path, so adding one touches its resource's file alone.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { z } from 'zod';
import { invalidArgument, preconditionFailed } from './api-error.ts';
import { splitQualifier, type FunctionAddress } from './function-address.ts';
import { parseJsonBody } from './json-body.ts';

export interface Operation {
  /** The API's own name, e.g. `CreateService`. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** After `/2016-08-15`, with `{parameter}` segments. */
  readonly path: string;
  /** What `Call.body` reads here: the one source of validation and of the OpenAPI document. */
  readonly input?: z.ZodType;
  /** What a success answers, for the OpenAPI document; left out: nothing (204). The views are typed by it. */
  readonly output?: z.ZodType;
  /** Known, so that it can say what to do instead; it never succeeds. */
  readonly refused?: true;
  /** Content type of the file that a success answers instead. */
  readonly download?: string;
  /** Names of the query parameters. */
  readonly query?: readonly string[];
  /** Whether it heeds `If-Match`; elsewhere the header is ignored, as where there is no ETag to match. */
  readonly conditional?: true;
  /** False only for what carries its permission in its own URL. */
  readonly signed?: false;
  run(call: Call): Promise<Answer> | Answer;
  /** Instead of `run`, where the request asks for a WebSocket; answers it. Throws like `run` where there will be none. */
  upgrade?(call: Call, request: UpgradeRequest): void;
}

/** A request for a WebSocket that nobody has answered yet. */
export interface UpgradeRequest {
  readonly requestId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Duplex;
}

export type Answer =
  | { readonly kind: 'json'; readonly body: unknown; readonly etag?: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'file'; readonly path: string; readonly size: number; readonly contentType: string };

export const json = (body: unknown, etag?: string): Answer =>
  etag === undefined ? { kind: 'json', body } : { kind: 'json', body, etag };

/** 204 */
export const nothing: Answer = { kind: 'nothing' };

export interface CallInit {
  readonly params: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly contentType: string;
  readonly ifMatch: string | undefined;
  /** The operation's schema. */
  readonly input: z.ZodType | undefined;
  /** Where the caller reached the engine, e.g. `http://127.0.0.1:7401`. */
  readonly origin: string;
}

/** One request to an operation; what is checked late (body, If-Match) is a method, so that a 404 comes first. */
export class Call {
  readonly query: URLSearchParams;
  readonly origin: string;
  readonly #init: CallInit;

  constructor(init: CallInit) {
    this.query = init.query;
    this.origin = init.origin;
    this.#init = init;
  }

  /** A segment of the path, decoded; the router filled every one that the path names. */
  param(name: string): string {
    return this.#init.params.get(name) ?? '';
  }

  /** `{service}` or `{service}.{qualifier}`. */
  get serviceAndQualifier(): Pick<FunctionAddress, 'service' | 'qualifier'> {
    return splitQualifier(this.param('service'));
  }

  /** `{service}` of an operation on LATEST. */
  get service(): string {
    const { service, qualifier } = this.serviceAndQualifier;
    if (qualifier !== 'LATEST')
      throw invalidArgument(
        `only LATEST of service '${service}' can be changed; leave the qualifier '${qualifier}' out`,
      );
    return service;
  }

  /** @param schema the operation's own `input`: what is validated must be what `/openapi.json` says */
  body<T>(schema: z.ZodType<T>): T {
    if (schema !== this.#init.input)
      throw new Error('an operation reads its body by another schema than its input');
    return parseJsonBody(schema, this.#init.body, this.#init.contentType);
  }

  /**
   * Throws 412 unless there was no If-Match, or it is `*`, or it names `etag`.
   *
   * @param etag empty: there is nothing yet, which no If-Match matches
   */
  requireMatch(etag: string, what: string): void {
    const wanted = this.#init.ifMatch;
    if (wanted === undefined || wanted === '') return;
    const tags = wanted.split(',').map((part) => part.trim().replace(/^W\//, '').replaceAll('"', ''));
    if (etag === '' || !(tags.includes('*') || tags.includes(etag))) throw preconditionFailed(what);
  }

  /** A query parameter; an empty one is the same as none. */
  optional(name: string): string | undefined {
    const value = this.query.get(name) || undefined;
    // As in bodies: PostgreSQL's text has no zero character.
    if (value?.includes('\0')) throw invalidArgument(`the query parameter '${name}' has a zero character`);
    return value;
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw invalidArgument(`the query parameter '${name}' is missing`);
    return value;
  }
}
