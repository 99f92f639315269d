/** The table's functions in C#. */
import { expect } from 'vitest';
import { compileCsharp } from '../../../../test/support/csharp.ts';
import type { Absent, Body, Fixture } from './fixtures.ts';
import { isoLogLine, type Language } from './language.ts';
import { DOTNET as FAMILY } from '../dotnet/runtime.ts';
import { DEPENDENCY, FIXTURES, type ClassName } from './dotnet-sources.ts';

const NO_LOGGER: Absent = { absent: 'has no logger beside that of the context' };
const NO_HTTP: Absent = { absent: 'HTTP handlers need ASP.NET Core' };

/** All classes are in one assembly, compiled before the first case. */
let assemblies: Readonly<Record<string, Uint8Array>> = {};

interface Own {
  readonly handler?: string;
  readonly body?: Body;
  /** Files of the package. */
  readonly files?: () => Readonly<Record<string, string | Uint8Array>>;
}

function type(name: ClassName, { handler, files = without('Dep.dll'), ...own }: Own = {}): Fixture {
  return {
    get files() {
      return files();
    },
    handler: handler ?? `Fixtures::T.${name}::Handle`,
    initializer: `Fixtures::T.${name}::Init`,
    ...own,
  };
}

function without(name: string) {
  return () => Object.fromEntries(Object.entries(assemblies).filter(([file]) => file !== name));
}

export const DOTNET: Language = {
  name: '.NET Core',
  ids: FAMILY.ids,
  handler: 'Fixtures::T.Echo::Handle',
  initializer: 'Fixtures::T.Initialized::Init',
  hooks: { preFreeze: 'Fixtures::T.Hooks::Freeze', preStop: 'Fixtures::T.Hooks::Stop' },
  concurrent: true,
  noHttp: NO_HTTP.absent,
  startLine: /^FunctionCompute dotnetcore runtime inited\.$/,
  loadLines: () => [],
  logLine: (level, requestId, message) => isoLogLine(level.toUpperCase(), requestId, message),
  context: (values) => ({
    requestId: values.requestId,
    credentials: values.credentials,
    function: {
      name: values.function.name,
      handler: values.function.handler,
      initializer: values.function.initializer,
      memory: values.function.memory,
      timeout: `00:00:0${values.function.timeout}`,
      initializationTimeout: `00:00:0${values.function.initializationTimeout}`,
    },
    service: values.service,
    region: values.region,
    accountId: values.accountId,
  }),
  environment: {},
  async prepare() {
    if (Object.keys(assemblies).length > 0) return;
    const dependency = await compileCsharp('Dep', DEPENDENCY);
    const fixtures = await compileCsharp('Fixtures', FIXTURES, dependency);
    assemblies = { ...dependency, ...fixtures };
  },
  fixtures: {
    nothing: type('Nothing'),
    bytes: type('Bytes'),
    object: type('ObjectAnswer'),
    text: type('Text', { body: String.raw`"text \u00E9"` }),
    integer: type('IntegerAnswer'),
    fraction: type('Fraction'),
    boolean: type('BooleanAnswer'),
    emptyText: type('EmptyText', { body: '""' }),
    echo: type('Echo'),
    large: type('Large'),
    sleeper: type('Sleeper'),
    nested: type('Echo', { handler: 'Fixtures::T.Deep.Er.Nested::Handle' }),
    dependency: type('Dependency', { files: () => assemblies }),
    counter: type('Counter'),
    throws: type('Throws', {
      body: {
        errorMessage: 'far',
        errorType: 'System.IndexOutOfRangeException',
        errorCause: 'near',
        stackTrace: [expect.stringMatching(/^at T\.Throws\.Handle\(Stream input, IFcContext context\)/)],
      },
    }),
    handled: { absent: 'every exception of .NET is an unhandled error' },
    sometimes: type('Sometimes'),
    notJson: type('NotJson'),
    longMessage: type('LongMessage'),
    oddMessage: type('OddMessage'),
    invalidHandler: type('Echo', { handler: 'handler' }),
    moduleMissing: type('Echo', {
      handler: 'Other::T.Echo::Handle',
      body: {
        errorMessage: "Assembly 'Other' is missing: neither /code nor /opt/dotnetcore2.1 has Other.dll",
        errorType: 'ImportModuleError',
      },
    }),
    memberMissing: type('Echo', {
      handler: 'Fixtures::T.Echo::Nothing',
      body: { errorMessage: "Handler 'Nothing' is missing on class 'T.Echo'", errorType: 'HandlerNotFound' },
    }),
    dependencyMissing: type('DependencyMissing', {
      body: {
        errorMessage: expect.stringMatching(/^Unable to load assembly 'Fixtures': .*'Dep, /),
        errorType: 'ImportModuleError',
      },
    }),
    syntaxError: type('Echo', { files: () => ({ 'Fixtures.dll': 'no assembly' }) }),
    loadThrows: type('LoadThrows'),
    exits: type('Exits'),
    killed: type('Killed'),
    devours: type('Devours'),
    waits: type('Waits'),
    spins: type('Spins'),
    initialized: type('Initialized'),
    initializerFails: type('InitializerFails'),
    initializerExits: type('InitializerExits'),
    initializerWaits: type('InitializerWaits'),
    initializerMissing: type('Echo', {
      body: { errorMessage: "Handler 'Init' is missing on class 'T.Echo'", errorType: 'HandlerNotFound' },
    }),
    initializerContext: type('InitializerContext'),
    initializerPrints: type('InitializerPrints'),
    hooks: type('Hooks'),
    context: type('ContextMembers'),
    contextChange: { absent: 'its members cannot be set' },
    probe: { absent: 'the interface of its context has no place for it' },
    tracing: { absent: 'the interface of its context has no place for it' },
    logs: type('Logs'),
    globalLogs: NO_LOGGER,
    prints: type('Prints'),
    child: type('Child'),
    manyLines: type('ManyLines'),
    longLine: type('LongLine'),
    overlap: type('Overlap'),
    globalOverlap: NO_LOGGER,
    httpRequest: NO_HTTP,
    httpResponse: NO_HTTP,
    httpEmpty: NO_HTTP,
    httpEcho: NO_HTTP,
    httpLarge: NO_HTTP,
    httpThrows: NO_HTTP,
    httpSplit: NO_HTTP,
    environment: type('EnvironmentVariables'),
    folder: type('Folder'),
    writeCode: type('WriteCode'),
    writeTmp: type('WriteTmp'),
    user: type('User'),
  },
};
