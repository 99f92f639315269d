/*
 * Entry of a Node.js instance: takes frames from the engine on fd 3, runs the user's handler, answers.
 *
 * Plain CommonJS that Node.js 6 can read (no async functions, no object spread): one shim serves every nodejs* id.
 * What it needs from the platform is captured before user code is loaded, so code that replaces `fs.writeSync` or
 * `JSON.stringify` breaks its own answers only. A function can still write to fd 3 itself, or find the socket by
 * `process._getActiveHandles()`: the engine treats all that comes from an instance as hostile.
 */
'use strict';

const Channel = require('./channel.js');
const Handler = require('./handler.js');
const context = require('./context.js');
const logging = require('./logging.js');
const outcome = require('./outcome.js');

const from = Buffer.from;
const stringify = JSON.stringify;
const NOTHING = Buffer.alloc(0);

const PROTOCOL_VERSION = 1;
const START = 0x01;
const INITIALIZE = 0x02;
const INVOKE = 0x03;
const HTTP = 0x04;
const HOOK = 0x05;
const PREPARE = 0x06;

/** As the oldest runtimes of the platform do: what a handler throws nobody catches, and the process ends. */
const exceptionsEnd = process.argv.indexOf('--exceptions-end') > 0;

const channel = new Channel(3, onFrame);
let start = null;
let handler = null;
/** Those of the initializer and the hooks, by their text. */
const others = new Map();

function onFrame(type, call, payload) {
  if (type === INVOKE && handler !== null) invoke(call, payload);
  else if (type === HTTP && handler !== null) serve(call, payload);
  else if (type === INITIALIZE && handler !== null) runForItself(call, payload, () => start.initializer);
  else if (type === HOOK && handler !== null) runForItself(call, payload, (name) => start.hooks[name]);
  else if (type === START && start === null) begin(JSON.parse(payload.toString()));
  else if (type === PREPARE && start === null) prepare();
  else process.exit(1);
}

/** Whose instance it will be is not known yet: what is loaded here, no function has to wait for. */
function prepare() {
  require('./http.js');
  channel.send(Channel.PREPARED, 0, NOTHING);
}

function begin(message) {
  if (message.protocol !== PROTOCOL_VERSION) process.exit(1);
  start = message;
  if (message.environment) moveIn(message);
  logging.install(channel, message.instanceConcurrency);
  context.install(message.context);
  handler = new Handler(message.codeFolder, message.handler);
  logging.ofInstance('FunctionCompute nodejs runtime inited.\n');
  channel.sendJson(Channel.READY, 0, { runtimeVersion: process.version });
}

/** It waited without a function: its code has just appeared, its environment comes now. */
function moveIn(message) {
  const environment = message.environment;
  process.chdir(message.codeFolder);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  for (const name of Object.keys(environment)) {
    // Setting the time zone, be it the same, throws away what the interpreter knows of it.
    if (process.env[name] !== environment[name]) process.env[name] = environment[name];
  }
}

function invoke(call, payload) {
  const head = context.readHead(payload);
  logging.run(call, head.requestId, () => {
    const settle = once(call);
    handler.load((failure, fn) => {
      if (failure) settle.unhandled(failure);
      else run(fn, settle, [payload.slice(head.end), context.create(call, head)], 3);
    });
  });
}

/** The call is over when the handler sends its response; what a returned promise resolves to says nothing. */
function serve(call, payload) {
  const http = require('./http.js');
  const head = context.readHead(payload);
  logging.run(call, head.requestId, () => {
    const settle = once(call);
    const failed = (error) => settle.unhandled(outcome.document(error));
    handler.load((failure, fn) => {
      if (failure) {
        settle.unhandled(failure);
        return;
      }
      const request = http.readRequest(payload, head.end);
      const response = http.createResponse(start.maxPayloadBytes, settle.response, failed);
      try {
        const returned = fn(request, response, context.create(call, head));
        if (returned && typeof returned.then === 'function') returned.then(undefined, failed);
      } catch (error) {
        if (exceptionsEnd) throw error;
        failed(error);
      }
    });
  });
}

/** The initializer or a hook: `handlerOf` gets what stands behind the call header. */
function runForItself(call, payload, handlerOf) {
  const head = context.readHead(payload);
  const text = handlerOf(payload.toString('utf8', head.end));
  if (!others.has(text)) others.set(text, new Handler(start.codeFolder, text));
  logging.run(call, head.requestId, () => {
    const settle = once(call);
    others.get(text).load((failure, fn) => {
      if (failure) settle.unhandled(failure);
      else run(fn, settle, [context.create(call, head)], 2);
    });
  });
}

/**
 * Calls the user's function. The call is over at the first callback, or when a returned promise settles; a promise of
 * `undefined` ends it only where the function does not declare the callback, because such a function has no other way.
 */
function run(fn, settle, args, arity) {
  let returned;
  args.push((error, value) => {
    if (error !== null && error !== undefined) settle.handled(error);
    else settle.value(value);
  });
  try {
    returned = fn.apply(undefined, args);
  } catch (error) {
    if (exceptionsEnd) throw error;
    settle.unhandled(outcome.document(error));
    return;
  }
  if (returned === null || returned === undefined || typeof returned.then !== 'function') return;
  returned.then(
    (value) => {
      if (value !== undefined || fn.length < arity) settle.value(value);
    },
    (error) => settle.unhandled(outcome.document(error))
  );
}

/** The ways in which a call ends; only the first counts. */
function once(call) {
  let over = false;
  function end(type, bytes) {
    if (over) return;
    over = true;
    if (bytes.length > start.maxPayloadBytes) channel.sendTooLarge(call, bytes.length);
    else channel.send(type, call, bytes);
  }
  return {
    value: (value) => {
      if (over) return;
      let bytes;
      try {
        bytes = outcome.encode(value);
      } catch (error) {
        end(Channel.UNHANDLED, outcome.encodeDocument(outcome.document(error)));
        return;
      }
      end(Channel.RESULT, bytes);
    },
    response: (head, body) => {
      if (over) return;
      over = true;
      if (body.length > start.maxPayloadBytes) channel.sendTooLarge(call, body.length);
      else channel.sendResponse(call, from(stringify(head)), body);
    },
    handled: (error) => end(Channel.HANDLED, outcome.encodeDocument(outcome.document(error))),
    unhandled: (document) => end(Channel.UNHANDLED, outcome.encodeDocument(document)),
  };
}
