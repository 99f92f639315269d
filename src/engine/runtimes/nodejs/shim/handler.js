/* Finds and loads `file.export`, once it worked; every way to fail has the document of runtimes.md §11. */
'use strict';

const fs = require('fs');
const path = require('path');
const logging = require('./logging.js');
const outcome = require('./outcome.js');

/** In order of preference; the last is for a handler that names the file with its ending. */
const ENDINGS = ['.js', '.cjs', '.mjs', ''];

class Handler {
  constructor(codeFolder, text) {
    this.codeFolder = codeFolder;
    this.text = text;
    this.fn = null;
  }

  /** Calls `done(document)` or `done(null, function)`, at once where the module is CommonJS. */
  load(done) {
    if (this.fn !== null) {
      done(null, this.fn);
      return;
    }
    const parts = /^(.+)\.([^./\\]+)$/.exec(this.text);
    if (parts === null) {
      done(failure('InvalidHandlerName', "Invalid handler '" + this.text + "'"));
      return;
    }
    const name = parts[1];
    const file = this.find(name);
    if (file === null) {
      const missing = path.join(this.codeFolder, name) + '.js';
      done(failure('ImportModuleError', "Module '" + missing + "' is missing."));
      return;
    }
    logging.ofCall('load code for handler:' + this.text + '\n');
    loadModule(
      file,
      (exported) => this.pick(exported, name, parts[2], done),
      (error) => done(loadFailure(error, name))
    );
  }

  find(name) {
    for (const ending of ENDINGS) {
      const file = path.join(this.codeFolder, name + ending);
      try {
        if (fs.statSync(file).isFile()) return file;
      } catch (error) {
        if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
      }
    }
    return null;
  }

  pick(exported, name, member, done) {
    let fn = exported === null || exported === undefined ? undefined : exported[member];
    if (fn === undefined && exported && exported.default) fn = exported.default[member];
    if (typeof fn !== 'function') {
      done(failure('HandlerNotFound', "Handler '" + member + "' is missing on module '" + name + "'"));
      return;
    }
    this.fn = fn;
    done(null, fn);
  }
}

function loadModule(file, loaded, failed) {
  let exported;
  try {
    if (path.extname(file) === '.mjs') {
      importModule(file).then(loaded, failed);
      return;
    }
    exported = require(file);
  } catch (error) {
    if (error && error.code === 'ERR_REQUIRE_ESM') importModule(file).then(loaded, failed);
    else failed(error);
    return;
  }
  loaded(exported);
}

/** In a file of its own: `import()` is a syntax error for the oldest Node.js. */
function importModule(file) {
  return require('./import-module.js')(require('url').pathToFileURL(file).href);
}

function loadFailure(error, name) {
  const stack = error instanceof Error ? String(error.stack) : '';
  // A fault of the parser begins with the place; a SyntaxError that code threw (JSON.parse) with its name.
  if (error instanceof SyntaxError && stack.indexOf('SyntaxError') !== 0) {
    const document = failure('UserCodeSyntaxError', "Syntax error in module '" + name + "'");
    document.stackTrace = outcome.lines(stack);
    return document;
  }
  const document = outcome.document(error);
  if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND'))
    document.errorType = 'ImportModuleError';
  return document;
}

function failure(type, message) {
  return { errorMessage: message, errorType: type };
}

module.exports = Handler;
