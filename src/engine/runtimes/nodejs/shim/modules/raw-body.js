/*
 * `require('raw-body')`: the whole body of a request as a Buffer or text. The platform's Node.js runtimes come with that
 * package, and HTTP handlers are written for it; this is its interface, written anew, for packages that do not bring it.
 */
'use strict';

const UNITS = { b: 1, kb: 1024, mb: 1024 * 1024, gb: 1024 * 1024 * 1024 };

/**
 * @param options `{length, limit, encoding}`, or the encoding alone; `true`: UTF-8
 * @param callback gets `(error, body)`; left out: a promise is returned
 */
module.exports = function getRawBody(stream, options, callback) {
  const given = typeof options === 'function' ? options : callback;
  if (given !== undefined && typeof given !== 'function')
    throw new TypeError('argument callback must be a function');
  if (given) {
    read(stream, settingsOf(options), given);
    return undefined;
  }
  return new Promise((resolve, reject) => {
    read(stream, settingsOf(options), (error, body) => {
      if (error) reject(error);
      else resolve(body);
    });
  });
};

function settingsOf(options) {
  if (options === true || typeof options === 'string') return { encoding: options };
  return options !== null && typeof options === 'object' ? options : {};
}

function read(stream, settings, callback) {
  const encoding = settings.encoding === true ? 'utf-8' : settings.encoding || null;
  const limit = bytesOf(settings.limit);
  const length =
    settings.length === null || settings.length === undefined ? null : parseInt(settings.length, 10);
  const chunks = [];
  let received = 0;
  let isOver = false;

  const listeners = {
    aborted: () =>
      end(
        failure(400, 'request aborted', 'request.aborted', {
          code: 'ECONNABORTED',
          received,
          expected: length,
        })
      ),
    close: () => stop(),
    data: (chunk) => {
      received += chunk.length;
      if (limit !== null && received > limit) end(tooLarge(limit, { received }));
      else chunks.push(chunk);
    },
    end: () => {
      if (length !== null && received !== length)
        end(
          failure(400, 'request size did not match content length', 'request.size.invalid', {
            expected: length,
            length,
            received,
          })
        );
      else end(null);
    },
    error: (error) => end(error),
  };

  function stop() {
    isOver = true;
    for (const name of Object.keys(listeners)) stream.removeListener(name, listeners[name]);
  }

  function end(error) {
    if (isOver) return;
    stop();
    // As the package does it: the callback never runs before the caller has its own turn.
    process.nextTick(() => {
      if (!error) {
        const body = Buffer.concat(chunks, received);
        callback(null, encoding === null ? body : body.toString(encoding));
        return;
      }
      if (typeof stream.unpipe === 'function') stream.unpipe();
      if (typeof stream.pause === 'function') stream.pause();
      callback(error);
    });
  }

  if (limit !== null && length !== null && length > limit) {
    end(tooLarge(limit, { expected: length, length }));
    return;
  }
  if (encoding !== null && !Buffer.isEncoding(encoding)) {
    end(failure(415, 'specified encoding unsupported', 'encoding.unsupported', { encoding }));
    return;
  }
  for (const name of Object.keys(listeners)) stream.on(name, listeners[name]);
}

/** A number of bytes, or text like `100kb`; `null`: no limit. */
function bytesOf(limit) {
  if (typeof limit === 'number') return limit;
  const parts = typeof limit === 'string' ? /^(\d+(?:\.\d+)?) *(b|kb|mb|gb)?$/i.exec(limit.trim()) : null;
  return parts === null ? null : Math.floor(Number(parts[1]) * UNITS[(parts[2] || 'b').toLowerCase()]);
}

function tooLarge(limit, more) {
  return failure(413, 'request entity too large', 'entity.too.large', Object.assign({ limit }, more));
}

function failure(status, message, type, more) {
  return Object.assign(new Error(message), { status, statusCode: status, type }, more);
}
