/* What a call's end looks like on the wire: values as runtimes.md §2, error documents as §11. */
'use strict';

const from = Buffer.from;
const isBuffer = Buffer.isBuffer;
const stringify = JSON.stringify;
const EMPTY = Buffer.alloc(0);

/** Error texts longer than this are cut (characters). */
const MAX_TEXT = 256 * 1024;

/** The bytes of a value given to the callback or resolved by the promise. */
exports.encode = function encode(value) {
  if (value === undefined || value === null) return EMPTY;
  if (isBuffer(value)) return value;
  switch (typeof value) {
    case 'string':
      return from(value);
    case 'object':
      return from(stringify(value) || '');
    case 'function':
      return from(String(value.constructor));
    default:
      return from(String(value));
  }
};

/** The error document of anything that was thrown or passed as an error. */
exports.document = function document(error) {
  if (!(error instanceof Error) && !looksLikeError(error)) return { errorMessage: cut(text(error)) };
  return {
    errorMessage: cut(String(error.message)),
    errorType: String(error.name),
    stackTrace: frames(error),
  };
};

exports.encodeDocument = function encodeDocument(document) {
  return from(stringify(document));
};

exports.lines = function lines(stack) {
  return stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
};

/** Errors of another context (vm) are no instance of our Error. */
function looksLikeError(value) {
  return Object.prototype.toString.call(value) === '[object Error]';
}

function frames(error) {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  return exports
    .lines(stack.slice(0, MAX_TEXT))
    .filter((line) => line.indexOf('at ') === 0 && line.indexOf(__dirname) < 0);
}

function text(value) {
  if (typeof value === 'string') return value;
  try {
    const json = stringify(value);
    return json === undefined ? String(value) : json;
  } catch (_) {
    return String(value);
  }
}

function cut(message) {
  return message.length > MAX_TEXT ? message.slice(0, MAX_TEXT) + '...[cut]' : message;
}
