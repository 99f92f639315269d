/** C# sources of the conformance table. */

export const DEPENDENCY =
  'namespace Dep { public static class Library { public static readonly object Text = "dependency"; } public class Base {} }';

/** A handler of streams: its statements, then further members of its class. */
function stream(statements: string, members = ''): string {
  return `public Stream Handle(Stream input, IFcContext context) { ${statements} } ${members}`;
}

/** A handler that answers an expression, as JSON. */
function value(type: string, expression: string): string {
  return `public ${type} Handle(Stream input, IFcContext context) { return ${expression}; }`;
}

/** An initializer in front of a handler of streams. */
function initializer(body: string, statements: string, members = ''): string {
  return `public void Init(IFcContext context) { ${body} } ${stream(statements, members)}`;
}

const CLASSES = {
  Nothing: 'public void Handle(Stream input, IFcContext context) {}',
  Bytes: stream('return Say("bytes");'),
  ObjectAnswer: value(
    'Dictionary<string, object>',
    'new Dictionary<string, object> { { "a", new object[] { 1, null } } }',
  ),
  Text: value('string', '"text \\u00e9"'),
  IntegerAnswer: value('int', '42'),
  Fraction: value('double', '1.5'),
  BooleanAnswer: value('bool', 'false'),
  EmptyText: value('string', '""'),
  Echo: 'public async Task<Stream> Handle(Stream input, IFcContext context) { var m = new MemoryStream(); await input.CopyToAsync(m); return m; }',
  Large: stream("return Say(new string('x', int.Parse(Read(input))));"),
  Sleeper: stream('var ms = Read(input); Thread.Sleep(int.Parse(ms)); return Say(ms);'),
  Dependency: stream('return Say(Dep.Library.Text);'),
  Counter: stream('return Say(++calls);', 'int calls;'),
  Throws: stream('throw new IndexOutOfRangeException("far", new IOException("near"));'),
  Sometimes: stream('if (Read(input) == "fail") throw new IOException("failed"); return Say("fine");'),
  NotJson: value('object', 'new Loop()') + ' public class Loop { public Loop Next { get { return this; } } }',
  LongMessage: stream("throw new IOException(new string('x', 300000));"),
  OddMessage: stream(String.raw`throw new IOException("\"\u00e9\"\nend");`),
  DependencyMissing: stream('return input;', 'readonly Dep.Base value = new Dep.Base();'),
  LoadThrows: stream('return input;', 'static LoadThrows() { throw new IOException("at load"); }'),
  Exits: stream('Environment.Exit(3); return input;'),
  Killed: stream('Process.Start("/bin/sh", "-c \\"kill -9 $PPID\\""); Thread.Sleep(60000); return input;'),
  Devours: stream(
    'var kept = new List<IntPtr>(); for (;;) { var more = Marshal.AllocHGlobal(4 << 20); for (var at = 0; at < 4 << 20; at += 4096) Marshal.WriteByte(more, at, 1); kept.Add(more); }',
  ),
  Waits: stream('Thread.Sleep(60000); return input;'),
  Spins: stream('for (;;) {}'),
  Initialized: initializer('n += 1;', 'return Say(n);', 'int n;'),
  InitializerFails: initializer('throw new IOException("no database");', 'return input;'),
  InitializerExits: initializer('Environment.Exit(0);', 'return input;'),
  InitializerWaits: initializer('Thread.Sleep(60000);', 'return input;'),
  InitializerContext: initializer(
    'kept = context.RequestId + " " + context.FunctionParam.FunctionName;',
    'return Say(kept);',
    'string kept;',
  ),
  InitializerPrints: initializer(
    'Console.WriteLine("preparing");',
    'Console.WriteLine("working"); return input;',
  ),
  Hooks: stream(
    'return input;',
    'static void Say(string word, IFcContext c) { Console.WriteLine(word + " " + c.FunctionParam.FunctionName + " " + c.RequestId); } public void Freeze(IFcContext c) { Say("freezing", c); } public void Stop(IFcContext c) { Say("stopping", c); }',
  ),
  ContextMembers: `public void Init(IFcContext context) {} public object Handle(Stream input, IFcContext c) { return new {
    requestId = c.RequestId, region = c.Region, accountId = c.AccountId,
    credentials = new { accessKeyId = c.Credentials.AccessKeyId, accessKeySecret = c.Credentials.AccessKeySecret, securityToken = c.Credentials.SecurityToken },
    function = new { name = c.FunctionParam.FunctionName, handler = c.FunctionParam.FunctionHandler, initializer = c.FunctionParam.FunctionInitializer, memory = c.FunctionParam.MemoryLimitInMB, timeout = c.FunctionParam.FunctionTimeout.ToString(), initializationTimeout = c.FunctionParam.InitializationTimeout.ToString() },
    service = new { name = c.ServiceMeta.Name, logProject = c.ServiceMeta.LogProject, logStore = c.ServiceMeta.LogStore, qualifier = c.ServiceMeta.Qualifier, versionId = c.ServiceMeta.VersionId } }; }`,
  Logs: stream('context.Logger.LogInformation("first"); context.Logger.LogError("second"); return input;'),
  Prints: stream(String.raw`Console.Write("raw\nopen"); return input;`),
  Child: stream(
    'Process.Start("/bin/sh", "-c \\"echo from a child; echo bad >&2\\"").WaitForExit(); return input;',
  ),
  ManyLines: stream('for (var i = 0; i < 500; i += 1) Console.WriteLine("line {0}", i); return input;'),
  LongLine: stream("Console.WriteLine(new string('x', 300000)); return input;"),
  Overlap:
    'public async Task<Stream> Handle(Stream input, IFcContext context) { var name = Read(input); context.Logger.LogInformation("begin " + name); await Task.Delay(name == "a" ? 100 : 10); context.Logger.LogInformation("end " + name); return Say(name); }',
  EnvironmentVariables: value('object', 'Environment.GetEnvironmentVariables()'),
  Folder: stream('return Say(Environment.CurrentDirectory);'),
  WriteCode: stream(
    'try { File.WriteAllText("/code/new", "x"); return Say("written"); } catch (Exception) { return Say("refused"); }',
  ),
  WriteTmp: stream('File.WriteAllText("/tmp/file", "kept"); return Say(File.ReadAllText("/tmp/file"));'),
  User: stream(
    String.raw`var s = File.ReadAllText("/proc/self/status"); return Say(Regex.Match(s, "Uid:\t(\\d+)").Groups[1].Value + " " + Regex.Match(s, "Gid:\t(\\d+)").Groups[1].Value);`,
  ),
} as const;

export type ClassName = keyof typeof CLASSES;

export const FIXTURES = `using System; using System.Collections.Generic; using System.Diagnostics; using System.IO; using System.Runtime.InteropServices; using System.Text;
using System.Text.RegularExpressions; using System.Threading; using System.Threading.Tasks; using Aliyun.Serverless.Core; using Microsoft.Extensions.Logging;
namespace T {
public class Common {
  protected static string Read(Stream input) { return new StreamReader(input).ReadToEnd(); }
  protected static Stream Say(object value) { return new MemoryStream(Encoding.UTF8.GetBytes(value.ToString())); }
}
${Object.entries(CLASSES)
  .map(([name, members]) => `public class ${name} : Common { ${members} }`)
  .join('\n')}
namespace Deep.Er { public class Nested : Common { ${stream('return Say("deep");')} } }
}`;
