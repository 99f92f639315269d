/** Calls of the soak, each with what must come back for exactly this call; whatever else comes is kept with its reason. */
import { setTimeout as pause } from 'node:timers/promises';
import { QUALIFIERS } from './fleet.mjs';
import { between, weighted } from './random.mjs';

/** On a machine that others saturate, instances may not start in the time that a call waits; of all calls. */
const NO_ROOM_SHARE = 0.01;
const BIG_SHARE = 0.04;
const HANG_UP_SHARE = 0.04;
const SLOW_SHARE = 0.04;
const MB = 1024 * 1024;
const EXIT =
  /^Process exited unexpectedly before completing request \(duration: \d+ms, maxMemoryUsage: [\d.]+MB\)$/;
/** Ways of a caller, by how often. */
const ORDER_WEIGHTS = { say: 60, sleep: 15, big: 4, echo: 10, error: 4, exit: 2, oom: 1, hang: 1 };
/** An asynchronous call that failed is tried once more, a minute later. */
const LATER_LIMIT_MS = 3 * 60_000;

export class Calls {
  /** By what came of them. */
  counts = {};
  wrong = [];
  inFlight = 0;
  #random;
  #client;
  #fleet;
  #killer;
  #number = 0;
  /** Instances that ended on an order or were killed; whoever was in one is told that the process exited. */
  #ended = new Set();
  /** Answers that are right only if their instance ended. */
  #orphans = [];
  /** Asynchronous calls: id → what must become of it. */
  #later = new Map();

  constructor({ random, client, fleet, killer }) {
    this.#random = random;
    this.#client = client;
    this.#fleet = fleet;
    this.#killer = killer;
  }

  /** Makes one call, whichever the seed says; settles when it is over and looked at. @param target left out: any */
  async make(target = weighted(this.#random, this.#fleet.functions)) {
    const random = this.#random;
    const op = weighted(
      random,
      target.orders.map((name) => ({ name, weight: ORDER_WEIGHTS[name] })),
    ).name;
    this.#number += 1;
    const id = `c${this.#number}-`;
    const body = this.#bodyOf(op, id);
    const call = { id, op, target, body, order: op === 'echo' ? undefined : JSON.parse(body) };
    const manner = random();
    const isCalm = op !== 'exit' && op !== 'oom' && op !== 'hang' && !target.later;
    if (isCalm && manner < HANG_UP_SHARE) call.hangUpMs = between(random, 0, 400);
    else if (isCalm && manner < HANG_UP_SHARE + SLOW_SHARE) call.slowMs = between(random, 400, 3_000);
    this.inFlight += 1;
    try {
      await this.#run(call);
    } finally {
      this.inFlight -= 1;
    }
  }

  /** Sentences of all that was not as it must be. */
  get faults() {
    const refused = this.counts['refused for lack of room'] ?? 0;
    return refused > this.#number * NO_ROOM_SHARE
      ? [...this.wrong, `${refused} of ${this.#number} calls were refused for lack of room`]
      : this.wrong;
  }

  /** Looks at what could only be known at the end, and waits for what was asked to be done later. */
  async finish() {
    for (const id of this.#killer.killed.keys()) this.#ended.add(id);
    for (const { call, instance } of this.#orphans)
      if (!this.#ended.has(instance))
        this.#blame(call, `was told that its instance ${instance} exited, which nobody ended`);
    const deadline = Date.now() + LATER_LIMIT_MS;
    for (const [id, { call, wanted }] of this.#later) {
      const { service, name } = call.target;
      const path = `/2016-08-15/services/${service}/functions/${name}/stateful-async-invocations/${id}`;
      for (;;) {
        const { body } = await this.#client.send({ method: 'GET', path, isSigned: true });
        const { status } = JSON.parse(body);
        if (status === wanted) break;
        if (Date.now() > deadline || status === 'Failed' || status === 'Succeeded') {
          this.#blame(call, `is ${status} in the end, not ${wanted}`);
          break;
        }
        await pause(1_000);
      }
    }
  }

  #bodyOf(op, id) {
    const random = this.#random;
    const isLarge = random() < BIG_SHARE;
    const size = isLarge ? between(random, MB, 6 * MB - 4_096) : between(random, 0, 2_000);
    if (op === 'echo')
      return size === 0 ? Buffer.alloc(0) : Buffer.alloc(size, `${id}\u0000\u00ff`, 'latin1');
    const n = op === 'sleep' ? between(random, 10, 2_500) : size;
    return Buffer.from(JSON.stringify({ id, op, n }));
  }

  async #run(call) {
    const { target, body, id, hangUpMs, slowMs } = call;
    const { service, name, http, later } = target;
    const place = `${service}${QUALIFIERS[service] ?? ''}`;
    const path = http
      ? `/2016-08-15/proxy/${place}/${name}/some/path?id=${id}`
      : `/2016-08-15/services/${place}/functions/${name}/invocations`;
    const headers = {
      ...(later && { 'x-fc-invocation-type': 'Async', 'x-fc-stateful-async-invocation-id': id }),
    };
    const before = target.storedGeneration;
    const sentMs = performance.now();
    const answer = await this.#client.send({ path, headers, body, isSigned: !http, hangUpMs, slowMs });
    const times = { sentMs, answeredMs: performance.now(), before, after: target.tried };
    if (hangUpMs !== undefined && !answer.isWhole) this.#count('hung up');
    else if (later) this.#checkAccepted(call, answer);
    else this.#check(call, answer, times);
  }

  #checkAccepted(call, { status, body }) {
    if (status !== 202) {
      this.#blame(call, `was not accepted: ${status} ${body}`);
      return;
    }
    this.#later.set(call.id, { call, wanted: call.op === 'error' ? 'Failed' : 'Succeeded' });
    this.#count('accepted for later');
  }

  #check(call, answer, times) {
    const { status, headers, isWhole } = answer;
    const instance = headers['x-fc-instance-id'];
    if (!isWhole) {
      // Nothing but the end of the instance may cut an answer off, and only one that had begun.
      if (status !== 0 && instance) this.#orphan(call, instance, 'cut off with its instance');
      else this.#blame(call, `got no whole answer, status ${status}`);
      return;
    }
    const { http, language } = call.target;
    const error = headers['x-fc-error-type'];
    if (status === 200 && error === undefined) this.#checkGood(call, answer, times);
    else if (call.op === 'error' && http && language === 'custom' && status === 500 && error === undefined)
      this.#checkError(call, answer);
    else if (status === (http ? 502 : 200) && instance) this.#checkError(call, answer);
    else this.#checkRefusal(call, answer, times);
  }

  #checkGood(call, { body, headers }, times) {
    const { op, id, order, target } = call;
    if (op === 'exit' || op === 'oom' || op === 'hang' || op === 'error')
      this.#blame(call, `went well: ${cut(body)}`);
    else if (op === 'echo') this.#expect(call, body.equals(call.body), body);
    else if (op === 'big') this.#expect(call, body.equals(Buffer.alloc(order.n, id)), body);
    else {
      const said = parsed(body);
      this.#expect(call, said?.id === id && Object.keys(said).length === 2, body);
      this.#checkGeneration(call, said?.gen, headers['x-fc-invocation-service-version'], times);
    }
    if (op === 'sleep' && times.answeredMs - times.sentMs < order.n - 2)
      this.#blame(call, `was answered before it can have slept ${order.n} ms`);
    if (target.later) this.#blame(call, 'was answered at once');
  }

  #checkGeneration(call, generation, version, { sentMs, answeredMs, before, after }) {
    const { target } = call;
    if (QUALIFIERS[target.service] === undefined) {
      if (version !== 'LATEST' || !(generation >= before && generation <= after))
        this.#blame(
          call,
          `was answered by code ${generation} of ${version}, not by ${before} to ${after} of LATEST`,
        );
      return;
    }
    const allowed = this.#fleet.versionsBetween(sentMs, answeredMs);
    if (allowed.get(version)?.[target.name] !== generation)
      this.#blame(
        call,
        `was answered by code ${generation} of version ${version}; its alias led to ${[...allowed.keys()].join(', ')}`,
      );
  }

  #checkError(call, { body, headers }) {
    const { op, id, target } = call;
    const message = parsed(body)?.errorMessage ?? '';
    const instance = headers['x-fc-instance-id'];
    if (op === 'error' && message === `told ${id}`) this.#count('told error');
    else if (op === 'hang' && message.startsWith(`Function timed out after ${target.timeout} seconds`))
      this.#count('timed out');
    else if ((op === 'exit' || op === 'oom') && EXIT.test(message)) {
      this.#ended.add(instance);
      this.#count(op === 'exit' ? 'exited' : 'out of memory');
    } else if (EXIT.test(message)) this.#orphan(call, instance, 'ended with its instance');
    else this.#blame(call, `failed: ${headers['x-fc-error-type']} ${cut(body)}`);
  }

  /** An instance that dies before it took a call refuses it, and only a kill in the meantime may be the reason. */
  #checkRefusal(call, { status, body }, { sentMs, answeredMs }) {
    const { ErrorCode: code, ErrorMessage: message = '' } = parsed(body) ?? {};
    const isStart = code === 'FunctionNotStarted' && /SIGKILL|; Killed/.test(message);
    const isUnsent = code === 'InternalServerError' && message.includes('before it took the request');
    if ((isStart || isUnsent) && this.#killer.struckBetween(sentMs, answeredMs))
      this.#count('refused by a killed start');
    else if (status === 429 && code === 'ResourceExhausted' && / limit of \d/.test(message))
      this.#count('refused for lack of room');
    else this.#blame(call, `was refused: ${status} ${cut(body)}`);
  }

  #orphan(call, instance, kind) {
    this.#orphans.push({ call, instance });
    this.#count(kind);
  }

  #expect(call, isRight, body) {
    if (isRight) this.#count('right');
    else this.#blame(call, `got ${body.length} bytes that are not its own: ${cut(body)}`);
  }

  #count(kind) {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  #blame({ id, op, target, body, hangUpMs, slowMs }, reason) {
    this.#count('wrong');
    const manner = slowMs !== undefined ? ' slowly' : hangUpMs !== undefined ? ' to hang up' : '';
    const text = `${new Date().toISOString()} ${id} ${op} of ${target.name} (${body.length} bytes${manner}) ${reason}`;
    this.wrong.push(text);
    if (this.wrong.length <= 20) console.log(`wrong: ${text}`);
  }
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function cut(body) {
  return body.toString('latin1', 0, 300);
}
