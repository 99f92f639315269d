/*
 * `console`, `context.logger`, `process.stdout` and `process.stderr` become log frames that name their call, so lines
 * and answers keep their order. What native code and child processes write to the real fds reaches the engine by pipes.
 *
 * With several calls at once AsyncLocalStorage tells whose line it is; a Node.js without it stamps the call that
 * started last, as the cloud does.
 */
'use strict';

const util = require('util');

const format = util.format;
const from = Buffer.from;

const LEVELS = ['silly', 'debug', 'verbose', 'info', 'warn', 'error'];
const NOTHING = { call: 0, requestId: '' };

let channel = null;
let storage = null;
let latest = NOTHING;
let maxLogBytes = 0;

exports.install = function install(to, concurrency) {
  channel = to;
  maxLogBytes = to.constructor.MAX_LOG_BYTES;
  if (concurrency > 1) storage = createStorage();
  replaceConsole();
  replaceStream('stdout', 1);
  replaceStream('stderr', 2);
};

function createStorage() {
  let AsyncLocalStorage;
  try {
    AsyncLocalStorage = require('async_hooks').AsyncLocalStorage;
  } catch (_) {
    return null;
  }
  return AsyncLocalStorage ? new AsyncLocalStorage() : null;
}

/** Runs `body` as part of a call. */
exports.run = function run(call, requestId, body) {
  latest = { call: call, requestId: requestId };
  if (storage === null) body();
  else storage.run(latest, body);
};

exports.ofInstance = function ofInstance(text) {
  write(0, text);
};

exports.ofCall = function ofCall(text) {
  write(current().call, text);
};

/** `context.logger`: stamps its own call whatever runs beside it, and is left out of a context's JSON. */
class CallLogger {
  constructor(call, requestId) {
    this.call = call;
    this.requestId = requestId;
    this.least = 0;
  }

  setLogLevel(level) {
    this.least = rankOf(level);
  }

  toJSON() {
    return undefined;
  }
}

LEVELS.forEach((level, rank) => {
  CallLogger.prototype[level] = function log() {
    if (rank >= this.least) line(this, level, format.apply(util, arguments));
  };
});

exports.CallLogger = CallLogger;

function rankOf(level) {
  const rank = LEVELS.indexOf(level);
  if (rank < 0) throw new TypeError('unknown log level ' + level + ', use one of ' + LEVELS.join(', '));
  return rank;
}

function current() {
  return (storage !== null && storage.getStore()) || latest;
}

/** One message is one line: its line breaks become carriage returns. */
function line(owner, level, message) {
  const time = new Date().toISOString();
  const body = message.indexOf('\n') < 0 ? message : message.replace(/\r?\n/g, '\r');
  write(owner.call, time + ' ' + owner.requestId + ' [' + level + '] ' + body + '\n');
}

function write(call, data) {
  const bytes = typeof data === 'string' ? from(data) : data;
  for (let at = 0; at < bytes.length; at += maxLogBytes) {
    channel.sendLog(call, bytes.slice(at, at + maxLogBytes));
  }
}

function replaceConsole() {
  let least = 0;
  const replace = (name, level) => {
    const rank = LEVELS.indexOf(level);
    console[name] = function log() {
      if (rank >= least) line(current(), level, format.apply(util, arguments));
    };
  };
  replace('log', 'verbose');
  for (const level of ['info', 'warn', 'error', 'debug']) replace(level, level);
  console.setLogLevel = (level) => {
    least = rankOf(level);
  };
}

/** Made at first use: the stream module is the most expensive part of a start that never writes. */
function replaceStream(name, fd) {
  let stream = null;
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get: () => {
      if (stream === null) {
        const Writable = require('stream').Writable;
        stream = new Writable({
          decodeStrings: true,
          write: (chunk, encoding, done) => {
            write(current().call, chunk);
            done();
          },
        });
        stream.fd = fd;
        stream._type = 'pipe';
        // Standard streams cannot be closed.
        stream.destroy = () => stream;
        stream.end = (chunk, encoding) => {
          if (chunk !== undefined && typeof chunk !== 'function') stream.write(chunk, encoding);
          return stream;
        };
      }
      return stream;
    },
  });
}
