/* The `context` of runtimes.md §7, and the head of a call it is made from. */
'use strict';

const logging = require('./logging.js');

const parse = JSON.parse;

let constants = null;

class Context {
  constructor(call, head) {
    const credentials = constants.credentials;
    const fn = constants.function;
    const service = constants.service;
    this.requestId = head.requestId;
    // New objects for each call: what one call changes, the next must not see.
    this.credentials = {
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: credentials.accessKeySecret,
      securityToken: credentials.securityToken,
    };
    this.function = {
      name: fn.name,
      handler: fn.handler,
      memory: fn.memory,
      timeout: fn.timeout,
      initializer: fn.initializer,
      initializationTimeout: fn.initializationTimeout,
    };
    this.service = {
      name: service.name,
      logProject: service.logProject,
      logStore: service.logStore,
      qualifier: head.qualifier,
      versionId: service.versionId,
    };
    this.region = constants.region;
    this.accountId = constants.accountId;
    this.retryCount = head.retryCount;
    // Left out of users' calls, whose context is the cloud's.
    if (head.isProbe) this.probe = true;
    this.tracing =
      head.tracing === ''
        ? { openTracingSpanContext: '', openTracingSpanBaggages: {}, jaegerEndpoint: '' }
        : parse(head.tracing);
    this.logger = new logging.CallLogger(call, head.requestId);
  }
}

exports.install = function install(values) {
  constants = values;
};

exports.create = function create(call, head) {
  return new Context(call, head);
};

/**
 * u32 retry count with the probe and tracing bits, then the request id, the qualifier and, of a traced call, JSON, each with
 * a u16 length; `end` is where the event starts.
 */
exports.readHead = function readHead(payload) {
  const first = payload.readUInt32BE(0);
  const idEnd = 6 + payload.readUInt16BE(4);
  const qualifierEnd = idEnd + 2 + payload.readUInt16BE(idEnd);
  const isTraced = (first & 0x40000000) !== 0;
  const end = isTraced ? qualifierEnd + 2 + payload.readUInt16BE(qualifierEnd) : qualifierEnd;
  return {
    retryCount: first & 0x3fffffff,
    isProbe: payload[0] >= 0x80,
    requestId: payload.toString('utf8', 6, idEnd),
    qualifier: payload.toString('utf8', idEnd + 2, qualifierEnd),
    tracing: isTraced ? payload.toString('utf8', qualifierEnd + 2, end) : '',
    end: end,
  };
};
