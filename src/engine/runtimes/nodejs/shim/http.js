/*
 * The request and response that an HTTP handler gets (runtimes.md §2). Loaded with the first HTTP call: streams and
 * query strings are most of what it costs, and event functions need neither.
 */
'use strict';

const querystring = require('querystring');
const stream = require('stream');

const Readable = stream.Readable;
const concat = Buffer.concat;
const from = Buffer.from;
const parse = JSON.parse;
const parseQuery = querystring.parse;
const has = Object.prototype.hasOwnProperty;
const EMPTY = Buffer.alloc(0);

/** A stream of the body, with what the caller asked for beside it. */
class Request extends Readable {
  constructor(head, body) {
    super();
    this.body_ = body;
    this.method = head.method;
    this.path = head.path;
    this.url = head.uri;
    this.clientIP = head.clientIp;
    this.queries = head.query === '' ? {} : Object.assign({}, parseQuery(head.query));
    this.headers = headersOf(head.headers);
  }

  getHeader(name) {
    requireText('the name of a header', name);
    return this.headers[name.toLowerCase()];
  }

  _read() {
    if (this.body_.length > 0) this.push(this.body_);
    this.body_ = EMPTY;
    this.push(null);
  }
}

/** One value is a text, several are an array, as with queries. */
function headersOf(pairs) {
  const headers = {};
  for (const pair of pairs) {
    const name = pair[0];
    if (!has.call(headers, name)) headers[name] = pair[1];
    else if (Array.isArray(headers[name])) headers[name].push(pair[1]);
    else headers[name] = [headers[name], pair[1]];
  }
  return headers;
}

/** Collects status and headers until `send`, which hands all of it to `sent(head, body)` or `failed(error)`. */
class Response {
  constructor(maxBytes, sent, failed) {
    Object.defineProperty(this, 'call_', { value: { maxBytes: maxBytes, sent: sent, failed: failed } });
    this.statusCode = 200;
    /** Name in lower case → name as given, and its values. */
    this.headers_ = new Map();
    this.isSent_ = false;
  }

  setStatusCode(code) {
    this.requireUnsent_('setStatusCode');
    if (typeof code !== 'number' || code % 1 !== 0)
      throw new TypeError('statusCode must be an integer, not ' + describe(code));
    this.statusCode = code;
  }

  setHeader(name, value) {
    this.requireUnsent_('setHeader');
    requireText('the name of a header', name);
    const values = Array.isArray(value) ? value.slice() : [value];
    for (const each of values) requireText("the value of header '" + name + "'", each);
    this.headers_.set(name.toLowerCase(), { name: name, values: values });
  }

  deleteHeader(name) {
    this.requireUnsent_('deleteHeader');
    requireText('the name of a header', name);
    this.headers_.delete(name.toLowerCase());
  }

  hasHeader(name) {
    requireText('the name of a header', name);
    return this.headers_.has(name.toLowerCase());
  }

  send(body) {
    this.requireUnsent_('send');
    if (arguments.length === 0) body = EMPTY;
    const isStream = body instanceof Readable || isReadable(body);
    if (typeof body !== 'string' && !Buffer.isBuffer(body) && !isStream)
      throw new TypeError('body must be a string, a Buffer or a stream.Readable, not ' + describe(body));
    this.isSent_ = true;
    const headers = [];
    this.headers_.forEach((header) => {
      for (const value of header.values) headers.push([header.name, value]);
    });
    const head = { status: this.statusCode, headers: headers };
    if (isStream) this.collect_(head, body);
    else this.call_.sent(head, typeof body === 'string' ? from(body) : body);
  }

  /** A streamed body goes out whole, so that what fails half-way is still an error and not half a page. */
  collect_(head, source) {
    const call = this.call_;
    const chunks = [];
    let size = 0;
    source.on('data', (chunk) => {
      const bytes = typeof chunk === 'string' ? from(chunk) : chunk;
      size += bytes.length;
      chunks.push(bytes);
      if (size <= call.maxBytes) return;
      chunks.length = 0;
      call.sent(head, { length: size });
      if (typeof source.destroy === 'function') source.destroy();
    });
    source.on('error', call.failed);
    source.on('end', () => call.sent(head, concat(chunks, size)));
    // Comes after `end` where there was one, and then changes nothing.
    source.on('close', () => call.failed(new Error('the stream of the body closed before its end')));
  }

  requireUnsent_(what) {
    if (this.isSent_) throw new Error(what + ' after send: the response has been sent already');
  }
}

/** Streams of another copy of the stream module (readable-stream). */
function isReadable(value) {
  return value !== null && typeof value === 'object' && typeof value.pipe === 'function';
}

function requireText(what, value) {
  if (typeof value !== 'string') throw new TypeError(what + ' must be a string, not ' + describe(value));
}

function describe(value) {
  return value === null ? 'null' : typeof value;
}

/** Head and body of an `http` frame behind its call header, which ends at `at`. */
exports.readRequest = function readRequest(payload, at) {
  const end = at + 4 + payload.readUInt32BE(at);
  return new Request(parse(payload.toString('utf8', at + 4, end)), payload.slice(end));
};

exports.createResponse = function createResponse(maxBytes, sent, failed) {
  return new Response(maxBytes, sent, failed);
};
