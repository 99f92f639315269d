/** The table's functions in Java 8. */
import { expect } from 'vitest';
import { compileJava, jarOf, type ClassFiles } from '../../../../test/support/java-classes.ts';
import type { Absent, Body, Fixture } from './fixtures.ts';
import type { Language } from './language.ts';
import { JAVA as FAMILY } from '../java/runtime.ts';
import { SOURCES } from './java-sources.ts';

const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}`;
const compiled = new Map<string, Readonly<Record<string, string | Uint8Array>>>();

interface Own {
  readonly handler?: string;
  readonly initializer?: string;
  readonly body?: Body;
}

/** The class `t.<name>`, compiled before the first case. */
function type(name: keyof typeof SOURCES, own: Own = {}): Fixture {
  return {
    get files() {
      return compiled.get(name) ?? {};
    },
    handler: `${name}::handleRequest`,
    initializer: `${name}::initialize`,
    ...own,
  };
}

function absent(reason: string): Absent {
  return { absent: reason };
}

export const JAVA: Language = {
  name: 'Java',
  ids: FAMILY.ids,
  handler: 't.Echo::handleRequest',
  initializer: 't.Initialized::initialize',
  hooks: { preFreeze: 't.Hooks::preFreeze', preStop: 't.Hooks::preStop' },
  concurrent: true,
  startLine: /^FunctionCompute java runtime inited\.$/,
  loadLines: () => [],
  logLine: (level, requestId, message) =>
    new RegExp(`^${TIME} \\[${level.toUpperCase()}\\] \\[${requestId}\\] ${message}$`),
  context: (values) => ({
    requestId: values.requestId,
    credentials: values.credentials,
    functionParam: {
      functionName: values.function.name,
      functionHandler: values.function.handler,
      functionInitializer: values.function.initializer,
      execTimeLimitInMillis: values.function.timeout * 1000,
      memoryLimitInMB: values.function.memory,
    },
    service: values.service,
    tracing: { spanContext: '', spanBaggages: {}, jaegerEndpoint: '' },
    retryCount: values.retryCount,
  }),
  environment: {},
  async prepare() {
    if (compiled.size > 0) return;
    const classes = await compileJava(SOURCES);
    for (const [name, files] of classes) compiled.set(name, files);
    const library: ClassFiles = classes.get('dep.Library') ?? {};
    compiled.set('t.Dependency', { ...classes.get('t.Dependency'), 'lib/library.jar': await jarOf(library) });
  },
  fixtures: {
    nothing: type('t.Nothing'),
    bytes: type('t.Bytes'),
    object: type('t.ObjectAnswer'),
    text: type('t.Text', { body: '"text é"' }),
    integer: type('t.IntegerAnswer'),
    fraction: type('t.Fraction'),
    boolean: type('t.BooleanAnswer'),
    emptyText: type('t.EmptyText', { body: '""' }),
    echo: type('t.Echo'),
    large: type('t.Large'),
    sleeper: type('t.Sleeper'),
    nested: type('deep.er.Nested'),
    dependency: type('t.Dependency'),
    counter: type('t.Counter'),
    throws: type('t.Throws', {
      body: {
        errorMessage: 'far',
        errorType: 'java.lang.IndexOutOfBoundsException',
        errorCause: 'near',
        stackTrace: ['t.Throws.handleRequest(Throws.java:7)'],
      },
    }),
    handled: absent('every exception of Java is an unhandled error'),
    sometimes: type('t.Sometimes'),
    notJson: type('t.NotJson'),
    longMessage: type('t.LongMessage'),
    oddMessage: type('t.OddMessage'),
    invalidHandler: type('t.Echo', { handler: 'handler' }),
    moduleMissing: type('t.Echo', {
      handler: 't.Other::handleRequest',
      body: {
        errorMessage:
          "Class 't.Other' is missing: neither /code nor the jars of /code, /code/lib and /opt/java/lib have it",
        errorType: 'ImportModuleError',
      },
    }),
    memberMissing: type('t.Echo', {
      handler: 't.Echo::nothing',
      body: {
        errorMessage:
          "Handler 'nothing' is missing on class 't.Echo'; it must be StreamRequestHandler.handleRequest or PojoRequestHandler.handleRequest",
        errorType: 'HandlerNotFound',
      },
    }),
    dependencyMissing: type('t.DependencyMissing', {
      body: {
        errorMessage: expect.stringContaining('java.lang.NoClassDefFoundError: dep/Library'),
        errorType: 'ImportModuleError',
      },
    }),
    syntaxError: {
      files: { 't/Broken.class': 'no class file' },
      handler: 't.Broken::handleRequest',
      body: {
        errorMessage: expect.stringContaining("Class file of 't.Broken' is broken: "),
        errorType: 'UserCodeSyntaxError',
      },
    },
    loadThrows: type('t.LoadThrows', {
      body: { errorMessage: 'at load', errorType: 'java.lang.IllegalStateException' },
    }),
    exits: type('t.Exits'),
    killed: type('t.Killed'),
    devours: type('t.Devours'),
    waits: type('t.Waits'),
    spins: type('t.Spins'),
    initialized: type('t.Initialized'),
    initializerFails: type('t.InitializerFails'),
    initializerExits: type('t.InitializerExits'),
    initializerWaits: type('t.InitializerWaits'),
    initializerMissing: type('t.Echo', {
      body: {
        errorMessage:
          "Handler 'initialize' is missing on class 't.Echo'; it must be FunctionInitializer.initialize",
        errorType: 'HandlerNotFound',
      },
    }),
    initializerContext: type('t.InitializerContext'),
    initializerPrints: type('t.InitializerPrints'),
    hooks: type('t.Hooks'),
    context: type('t.ContextMembers'),
    contextChange: absent('its members cannot be set'),
    probe: type('t.Probe'),
    tracing: type('t.Tracing'),
    logs: type('t.Logs'),
    globalLogs: absent('has no logger beside that of the context'),
    prints: type('t.Prints'),
    child: type('t.Child'),
    manyLines: type('t.ManyLines'),
    longLine: type('t.LongLine'),
    overlap: type('t.Overlap'),
    globalOverlap: absent('has no logger beside that of the context'),
    httpRequest: type('t.HttpRequest'),
    httpResponse: type('t.HttpResponse'),
    httpEmpty: type('t.HttpEmpty'),
    httpEcho: type('t.HttpEcho'),
    httpLarge: type('t.HttpLarge'),
    httpThrows: type('t.HttpThrows'),
    httpSplit: type('t.HttpSplit'),
    environment: type('t.Environment'),
    folder: type('t.Folder'),
    writeCode: type('t.WriteCode'),
    writeTmp: type('t.WriteTmp'),
    user: type('t.User'),
  },
};
