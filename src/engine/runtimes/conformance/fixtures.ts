/**
 * The functions that every language writes for the conformance table, one line each on what they must do. A fixture is
 * as short as the language allows and does nothing else.
 */

import type { HookName } from '../../invoke/contract.ts';

/** Text: the exact bytes. Object: the JSON matches it (Vitest's asymmetric matchers included). */
export type Body = string | Readonly<Record<string, unknown>>;

export interface Fixture {
  /** By path in the package. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** The language's own handler string unless given. */
  readonly handler?: string;
  /** Given only where the case has an initializer and its string differs from the language's own. */
  readonly initializer?: string;
  /** Likewise where the case has hooks. */
  readonly hooks?: Readonly<Record<HookName, string>>;
  /** What the answer is in this language, where runtimes.md lets languages differ; replaces the table's. */
  readonly body?: Body;
}

/** A case that means nothing in this language, with the reason, which the test's report shows. */
export interface Absent {
  readonly absent: string;
}

export interface Fixtures {
  // Answers: what a handler returns, as bytes on the wire.
  /** Answers null, None or nothing. */
  readonly nothing: Fixture | Absent;
  /** Answers the bytes of `bytes` in the language's type for bytes. */
  readonly bytes: Fixture | Absent;
  /** Answers an object with the one member `a`, a list of 1 and null. */
  readonly object: Fixture | Absent;
  /** Answers the text `text é`. */
  readonly text: Fixture | Absent;
  /** Answers the integer 42. */
  readonly integer: Fixture | Absent;
  /** Answers the number 1.5. */
  readonly fraction: Fixture | Absent;
  /** Answers false. */
  readonly boolean: Fixture | Absent;
  /** Answers the empty text. */
  readonly emptyText: Fixture | Absent;
  /** Answers the event's own bytes. */
  readonly echo: Fixture;
  /** Answers as many letters x as the event's decimal number says. */
  readonly large: Fixture;
  /** Waits as many milliseconds as the event's decimal number says, then answers it. */
  readonly sleeper: Fixture;

  // Forms: where the handler may lie, and what stays between calls.
  /** Its handler lies two folders deep (a package of the language) and answers `deep`. */
  readonly nested: Fixture | Absent;
  /** Answers `dependency`, which comes from a second file or library of the package. */
  readonly dependency: Fixture;
  /** Answers how many calls this instance has had, 1 at first. */
  readonly counter: Fixture;

  // Failures.
  /** Throws the language's range error (or nearest) with the message `far`. */
  readonly throws: Fixture;
  /** Reports the error `no` in the way that makes a handled error. */
  readonly handled: Fixture | Absent;
  /** Throws when the event is `fail`, else answers `fine`. */
  readonly sometimes: Fixture;
  /** Answers a value that cannot be made JSON. */
  readonly notJson: Fixture | Absent;
  /** Throws with a message of 300,000 letters x. */
  readonly longMessage: Fixture | Absent;
  /** Throws with the message `"é"`, then a line break, then `end`. */
  readonly oddMessage: Fixture;
  /** The handler string has no member part. */
  readonly invalidHandler: Fixture | Absent;
  /** The handler string names a file or class that is not in the package. */
  readonly moduleMissing: Fixture | Absent;
  /** The handler string names a member that the file or class does not have. */
  readonly memberMissing: Fixture | Absent;
  /** Needs a library that is not there. */
  readonly dependencyMissing: Fixture | Absent;
  /** Cannot be parsed (or is no class file). */
  readonly syntaxError: Fixture | Absent;
  /** Throws while it is loaded, with the message `at load`. */
  readonly loadThrows: Fixture | Absent;
  /** Ends its process with code 3 in the middle of the call. */
  readonly exits: Fixture | Absent;
  /** Sends SIGKILL to its own process in the middle of the call. */
  readonly killed: Fixture | Absent;
  /** Takes memory until it is ended. */
  readonly devours: Fixture;
  /** Never answers, without using the CPU. */
  readonly waits: Fixture;
  /** Never answers, in a loop that never yields. */
  readonly spins: Fixture;

  // Initializer.
  /** Its initializer raises a counter that begins at 0; the handler answers it. */
  readonly initialized: Fixture;
  /** Its initializer throws with the message `no database`. */
  readonly initializerFails: Fixture;
  /** Its initializer ends the process with code 0. */
  readonly initializerExits: Fixture | Absent;
  /** Its initializer never ends. */
  readonly initializerWaits: Fixture;
  /** Names an initializer that does not exist. */
  readonly initializerMissing: Fixture | Absent;
  /** Its initializer keeps the request id and the function's name of its context; the handler answers `<id> <name>`. */
  readonly initializerContext: Fixture;
  /** Its initializer prints `preparing` on standard output; the handler prints `working`. */
  readonly initializerPrints: Fixture;

  // Hooks.
  /** Its hooks print `freezing` and `stopping`, then the function's name and the request id of their context; the handler answers. */
  readonly hooks: Fixture;

  // Context.
  /** Answers its context as JSON: all members of the contract under the language's own names, without the logger. Its initializer does nothing. */
  readonly context: Fixture;
  /** Answers the service's name as its context says it, after which it sets that to `x` (where it can be set). */
  readonly contextChange: Fixture | Absent;
  /** Answers `<whether context says probe, true or false> <retry count>`. */
  readonly probe: Fixture | Absent;
  /** Answers the context's span, the baggage item `key`, and the endpoint, with spaces between. */
  readonly tracing: Fixture | Absent;

  // Log.
  /** Logs `first` as information and `second` as an error by the context's logger. */
  readonly logs: Fixture | Absent;
  /** Logs `line one` by the language's global logger (console, logging, …). */
  readonly globalLogs: Fixture | Absent;
  /** Prints `raw`, a line break and `open` without one on standard output; nothing else. */
  readonly prints: Fixture | Absent;
  /** Runs a child process that writes `from a child` on standard output and `bad` on standard error. */
  readonly child: Fixture;
  /** Prints 500 lines, `line 0` to `line 499`. */
  readonly manyLines: Fixture;
  /** Prints one line of 300,000 letters x. */
  readonly longLine: Fixture;
  /**
   * Logs `begin <event>` by the context's logger, waits 100 ms where the event is `a` and 10 ms otherwise, logs
   * `end <event>`, answers the event.
   */
  readonly overlap: Fixture | Absent;
  /** As `overlap`, by the global logger. */
  readonly globalOverlap: Fixture | Absent;

  // HTTP handlers.
  /**
   * Answers one text: method, path without prefix, query as it came, caller's address, header `x-one`, request id, body,
   * with one space between.
   */
  readonly httpRequest: Fixture | Absent;
  /** Status 201, headers `x-a: 1` and `set-cookie` twice (`a=1`, `b=2`), body `made é`. */
  readonly httpResponse: Fixture | Absent;
  /** Sends an empty body and sets neither status (200 where one must be set) nor headers. */
  readonly httpEmpty: Fixture | Absent;
  /** Sends back the request's body. */
  readonly httpEcho: Fixture | Absent;
  /** Sends as many letters x as the body's decimal number says. */
  readonly httpLarge: Fixture | Absent;
  /** Throws with the message `far` before it sends anything. */
  readonly httpThrows: Fixture | Absent;
  /** Sends a header `x-a` whose value has a line break in it. */
  readonly httpSplit: Fixture | Absent;

  // Surroundings.
  /** Answers all its environment variables as a JSON object. */
  readonly environment: Fixture;
  /** Answers its working directory. */
  readonly folder: Fixture;
  /** Answers `refused` where a new file in the code folder cannot be made, else `written`. */
  readonly writeCode: Fixture;
  /** Writes `kept` to a file in /tmp, reads it back, answers it. */
  readonly writeTmp: Fixture;
  /** Answers `<uid> <gid>` of its process. */
  readonly user: Fixture | Absent;
}

export type FixtureName = keyof Fixtures;
