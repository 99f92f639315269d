/** C# for tests: compiles functions against the interfaces of the cloud's own library, written here by their names. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, DotnetBuild } from '../../src/engine/runtimes/dotnet/build.ts';
import { loadConfig } from '../../src/platform/config.ts';

/** What a handler meets of Microsoft.Extensions.Logging.Abstractions. */
const LOGGING = `using System;
namespace Microsoft.Extensions.Logging {
  public enum LogLevel { Trace, Debug, Information, Warning, Error, Critical, None }
  public struct EventId { public int Id; }
  public interface ILogger {
    void Log<TState>(LogLevel level, EventId id, TState state, Exception exception, Func<TState, Exception, string> formatter);
    bool IsEnabled(LogLevel level);
    IDisposable BeginScope<TState>(TState state);
  }
  public static class LoggerExtensions {
    static void Log(ILogger logger, LogLevel level, Exception e, string message) { logger.Log(level, new EventId(), message, e, (state, x) => state); }
    public static void LogDebug(this ILogger logger, string message) { Log(logger, LogLevel.Debug, null, message); }
    public static void LogInformation(this ILogger logger, string message) { Log(logger, LogLevel.Information, null, message); }
    public static void LogError(this ILogger logger, string message) { Log(logger, LogLevel.Error, null, message); }
    public static void LogError(this ILogger logger, Exception e, string message) { Log(logger, LogLevel.Error, e, message); }
  }
}`;

/** Aliyun.Serverless.Core, as far as the runtime has to know it. */
const CORE = `using System; using Microsoft.Extensions.Logging;
namespace Aliyun.Serverless.Core {
  public interface ICredentials { string AccessKeyId { get; } string AccessKeySecret { get; } string SecurityToken { get; } }
  public interface IFcLogger : ILogger { LogLevel EnabledLogLevel { get; set; } }
  public interface IFunctionParameter { string FunctionName { get; } string FunctionHandler { get; } string FunctionInitializer { get; } int MemoryLimitInMB { get; } TimeSpan FunctionTimeout { get; } TimeSpan InitializationTimeout { get; } }
  public interface IServiceMeta { string Name { get; } string LogProject { get; } string LogStore { get; } string Qualifier { get; } string VersionId { get; } }
  public interface IFcContext { string RequestId { get; } IFunctionParameter FunctionParam { get; } IFcLogger Logger { get; } ICredentials Credentials { get; } string AccountId { get; } string Region { get; } IServiceMeta ServiceMeta { get; } }
}`;

export type Assemblies = Readonly<Record<string, Uint8Array>>;

/**
 * @param name of the assembly
 * @param references assemblies that the source needs beside the runtime's and the cloud's
 * @returns the assembly and the cloud's library, by file name
 */
export async function compileCsharp(
  name: string,
  source: string,
  references: Assemblies = {},
): Promise<Assemblies> {
  const build = new DotnetBuild(loadConfig().cache);
  await build.build();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-csharp-'));
  const others = join(folder, 'references');
  mkdirSync(others);
  try {
    const made: Record<string, Uint8Array> = {};
    const units = [
      ['Microsoft.Extensions.Logging.Abstractions', LOGGING],
      ['Aliyun.Serverless.Core', CORE],
      [name, source],
    ] as const;
    for (const [file, bytes] of Object.entries(references)) writeFileSync(join(others, file), bytes);
    const known = Object.keys(references).map((file) => join(others, file));
    for (const [unit, text] of units) {
      const dll = `${unit}.dll`;
      if (dll in references) continue;
      writeFileSync(join(folder, `${unit}.cs`), text);
      const options = ['-target:library', ...known.map((file) => `-r:${file}`)];
      await compile(build.folder, [join(folder, `${unit}.cs`)], join(others, dll), options);
      made[dll] = readFileSync(join(others, dll));
      known.push(join(others, dll));
    }
    return made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
