/** The functions of the soak and how they change while they are called: new code of LATEST, new versions, moved weights. */
import { zipOf } from '../functions.mjs';
import { between } from './random.mjs';

const SERVICE = 'soak';
/** Called by its alias only. */
const RELEASE = 'release';
const ALIAS = 'PROD';
/** Older versions stay this long behind the newest, so that no call can be on its way to one that is deleted. */
const KEPT_VERSIONS = 3;

const HANDLERS = {
  node: ['nodejs20', 'index.handler', 'index.http'],
  python: ['python3', 'index.handler', 'index.http'],
  php: ['php7.2', 'index.handler', 'index.http'],
  java: ['java11', 'soak.Event::handleRequest', 'soak.Http::handleRequest'],
  custom: ['custom', 'none', 'none'],
};
const CALM = ['say', 'sleep', 'big', 'echo', 'error'];

/** What is called, how often (`weight`), and with which orders. `killsSelf`: its instances end by what they are told. */
const FUNCTIONS = [
  { name: 'node-1', language: 'node', weight: 10, updated: true },
  { name: 'node-10', language: 'node', weight: 12, concurrency: 10 },
  { name: 'node-hooked', language: 'node', weight: 4, hooked: true },
  { name: 'node-http', language: 'node', weight: 12, concurrency: 10, http: true, updated: true },
  { name: 'python-1', language: 'python', weight: 10, updated: true },
  { name: 'python-http', language: 'python', weight: 5, http: true },
  { name: 'php-1', language: 'php', weight: 5, updated: true },
  { name: 'php-http', language: 'php', weight: 5, http: true },
  { name: 'java-4', language: 'java', weight: 4, concurrency: 4, memory: 256 },
  { name: 'java-http', language: 'java', weight: 3, concurrency: 4, memory: 256, http: true },
  { name: 'custom-5', language: 'custom', weight: 8, concurrency: 5, updated: true },
  { name: 'custom-http', language: 'custom', weight: 8, concurrency: 5, http: true },
  { name: 'node-late', language: 'node', weight: 0.6, timeout: 1, orders: ['hang'] },
  { name: 'node-late-4', language: 'node', weight: 0.6, timeout: 1, concurrency: 4, orders: ['hang'] },
  { name: 'php-late', language: 'php', weight: 0.3, timeout: 1, orders: ['hang'] },
  { name: 'node-ends', language: 'node', weight: 0.8, concurrency: 2, orders: ['exit', 'oom', 'sleep'] },
  { name: 'python-ends', language: 'python', weight: 0.5, orders: ['exit', 'oom', 'say'] },
  { name: 'custom-ends', language: 'custom', weight: 0.5, orders: ['exit', 'oom', 'say'] },
  { name: 'node-later', language: 'node', weight: 3, later: true, orders: ['say', 'sleep', 'error'] },
  { name: 'released-node', language: 'node', weight: 10, concurrency: 10, service: RELEASE },
  { name: 'released-python', language: 'python', weight: 6, service: RELEASE },
];

export class Fleet {
  functions = [];
  /** What was done to it, by kind. */
  changes = { updates: 0, versions: 0, moves: 0, deletions: 0 };
  #fc;
  #random;
  #sources;
  #moves = [];
  #versions = [];

  constructor(fc, random, sources) {
    this.#fc = fc;
    this.#random = random;
    this.#sources = sources;
  }

  async create() {
    for (const service of [SERVICE, RELEASE]) await this.#fc.createService(service, { description: '' });
    for (const made of FUNCTIONS) {
      const { language, concurrency = 1, memory = 128, timeout = 20, http, hooked, service = SERVICE } = made;
      if (!this.#sources[language]) {
        console.log(`left out: ${made.name}, because this host has nothing to make it with`);
        continue;
      }
      const [runtime, event, web] = HANDLERS[language];
      await this.#fc.createFunction(service, {
        functionName: made.name,
        runtime,
        handler: http ? web : event,
        memorySize: memory,
        timeout,
        instanceConcurrency: concurrency,
        ...(hooked && {
          initializer: 'index.begin',
          initializationTimeout: 20,
          instanceLifecycleConfig: {
            preFreeze: { handler: 'index.hook', timeout: 5 },
            preStop: { handler: 'index.hook', timeout: 5 },
          },
        }),
        ...(language === 'custom' && { customRuntimeConfig: { command: ['node'], args: ['server.js'] } }),
        code: { zipFile: await this.#zip(language, 1) },
      });
      if (http)
        await this.#fc.createTrigger(service, made.name, {
          triggerName: 'http',
          triggerType: 'http',
          triggerConfig: { authType: 'anonymous', methods: ['GET', 'POST'] },
        });
      if (made.later)
        await this.#fc.putFunctionAsyncConfig(service, made.name, undefined, {
          statefulInvocation: true,
          maxAsyncRetryAttempts: 1,
        });
      this.functions.push({
        orders: CALM,
        ...made,
        service,
        concurrency,
        timeout,
        // Code that was stored for sure, and code that may have been.
        storedGeneration: 1,
        tried: 1,
      });
    }
    await this.#publish();
    await this.#move({ current: this.#versions[0] });
  }

  /** Where the function's alias can lead to between two moments. */
  versionsBetween(fromMs, toMs) {
    return new Map(
      this.#moves
        .filter((move) => move.fromMs <= toMs && move.untilMs >= fromMs)
        .flatMap((move) => move.versions.map(({ id, generation }) => [id, generation])),
    );
  }

  /** One change, whichever the seed says. */
  async change() {
    if (this.#random() < 0.5) {
      const updated = this.functions.filter((each) => each.updated);
      await this.#update(updated[between(this.#random, 0, updated.length - 1)]);
      return;
    }
    const newest = this.#versions.at(-1);
    const move = this.#moves.at(-1);
    if (move.canary === newest && move.weight < 0.9) {
      await this.#move({ ...move, weight: move.weight + 0.4 });
      return;
    }
    if (move.canary === newest) {
      await this.#move({ current: newest });
      await this.#deleteOld();
      return;
    }
    for (const each of this.functions.filter(({ service }) => service === RELEASE)) await this.#update(each);
    await this.#publish();
    await this.#move({ current: newest, canary: this.#versions.at(-1), weight: 0.1 });
  }

  /** Deletes all of it. */
  async remove() {
    await this.#fc.deleteAlias(RELEASE, ALIAS);
    for (const { id } of this.#versions) await this.#fc.deleteVersion(RELEASE, id);
    for (const { service, name, http } of this.functions) {
      if (http) await this.#fc.deleteTrigger(service, name, 'http');
      await this.#fc.deleteFunction(service, name);
    }
    for (const service of [SERVICE, RELEASE]) await this.#fc.deleteService(service);
  }

  async #update(each) {
    each.tried += 1;
    const zipFile = await this.#zip(each.language, each.tried);
    await this.#fc.updateFunction(each.service, each.name, { code: { zipFile } });
    each.storedGeneration = each.tried;
    this.changes.updates += 1;
  }

  async #publish() {
    const { data } = await this.#fc.publishVersion(RELEASE, '');
    const generation = Object.fromEntries(
      this.functions.filter(({ service }) => service === RELEASE).map(({ name, tried }) => [name, tried]),
    );
    this.#versions.push({ id: data.versionId, generation });
    this.changes.versions += 1;
  }

  /** @param to `canary` gets the share `weight` */
  async #move({ current, canary, weight = 0 }) {
    const before = this.#moves.at(-1);
    const versions = canary ? [current, canary] : [current];
    this.#moves.push({ current, canary, weight, versions, fromMs: performance.now(), untilMs: Infinity });
    const settings = canary ? { additionalVersionWeight: { [canary.id]: Math.min(weight, 1) } } : {};
    if (before)
      await this.#fc.updateAlias(RELEASE, ALIAS, current.id, { additionalVersionWeight: {}, ...settings });
    else await this.#fc.createAlias(RELEASE, ALIAS, current.id, settings);
    if (before) before.untilMs = performance.now();
    this.changes.moves += 1;
    // A call ends within its time limit, long before a hundred moves are over.
    if (this.#moves.length > 100) this.#moves.shift();
  }

  async #deleteOld() {
    while (this.#versions.length > KEPT_VERSIONS) {
      await this.#fc.deleteVersion(RELEASE, this.#versions.shift().id);
      this.changes.deletions += 1;
    }
  }

  #zip(language, generation) {
    return zipOf(this.#sources[language](generation));
  }
}

export const QUALIFIERS = { [RELEASE]: `.${ALIAS}` };
