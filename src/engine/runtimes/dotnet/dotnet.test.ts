/** What only .NET Core has (runtimes.md §6): forms of a handler, its logger, what it cannot do here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileCsharp, type Assemblies } from '../../../../test/support/csharp.ts';
import { createFunctionRunner, ownFunctionRunner } from '../../../../test/support/function-runner.ts';
import { expectHooksOfOneObject } from '../../../../test/support/hooks.ts';
import { loadConfig } from '../../../platform/config.ts';
import { prepareRuntime } from '../../../../test/support/prepared-runtime.ts';
import type { InvocationResult } from '../../invoke/contract.ts';

const { state } = await prepareRuntime('dotnetcore2.1');

const SOURCE = `using System; using System.IO; using System.Text; using System.Threading.Tasks; using Aliyun.Serverless.Core; using Microsoft.Extensions.Logging;
namespace T {
  public class Person { public string Name { get; set; } public int Age { get; set; } }
  public class Forms {
    int initialized;
    public void Init(IFcContext context) { initialized += 1; }
    public async Task<Person> Older(Person person, IFcContext context) { await Task.Delay(1); return person == null ? null : new Person { Name = person.Name, Age = person.Age + 1 }; }
    public async Task Later(Stream input, IFcContext context) { await Task.Delay(1); context.Logger.LogInformation("done"); }
    public static string Fixed() { return "fixed"; }
    public int Count(Stream input, IFcContext context) { return initialized; }
    public async Task<int> Rejects(Stream input, IFcContext context) { await Task.Delay(1); throw new ArgumentException("later"); }
    public void Called(Stream input, IFcContext context) { initialized += 1; }
    public void Freezing(IFcContext context) { Console.WriteLine("freezing " + context.FunctionParam.FunctionName + " after " + initialized); }
    public async Task Stopping(IFcContext context) { await Task.Delay(1); Console.WriteLine("stopping " + context.FunctionParam.FunctionName + " after " + initialized); }
    public void Twice() {} public void Twice(Stream input) {}
    public void Levels(Stream input, IFcContext context) { context.Logger.LogDebug("1\\nand 2"); context.Logger.EnabledLogLevel = LogLevel.Error; context.Logger.LogInformation("left out"); context.Logger.LogError(new IOException("broken"), "3"); }
  }
}`;

describe.skipIf(state === 'missing')('functions', () => {
  const functions = createFunctionRunner({}, 'on', { cache: loadConfig().cache });
  let assemblies: Assemblies = {};
  beforeAll(async () => {
    assemblies = await compileCsharp('App', SOURCE);
  });
  afterAll(() => functions.close());

  const call = (method: string, event = '', settings = {}) =>
    functions.invoke(
      functions.define(assemblies, {
        runtime: 'dotnetcore2.1',
        handler: `App::T.Forms::${method}`,
        ...settings,
      }),
      { payload: Buffer.from(event), requestId: 'id-1' },
    );
  const textOf = ({ body }: InvocationResult) => body.toString();
  const errorOf = ({ outcome, body }: InvocationResult) => {
    expect(outcome).toBe('unhandled-error');
    return JSON.parse(body.toString()) as Record<string, unknown>;
  };

  test('a handler of its own types gets and answers JSON — names in any case, unknown ones left out', async () => {
    expect(textOf(await call('Older', '{"name":"Ada","Age":36,"x":1}'))).toBe('{"Name":"Ada","Age":37}');
    expect(textOf(await call('Older'))).toBe('');
  });

  test('is not called with what is no JSON of its type', async () => {
    expect(errorOf(await call('Older', '{"age":"x"}'))).toMatchObject({
      errorType: 'System.ArgumentException',
      errorMessage: expect.stringContaining('the event is not JSON of T.Person: '),
    });
  });

  test('a task without a result is an empty answer, which waits for the task', async () => {
    const result = await call('Later');
    expect(textOf(result)).toBe('');
    expect(result.log.toString()).toContain('[INFO] done');
  });

  test('a task that fails is the failure of the call, with its own stack', async () => {
    expect(errorOf(await call('Rejects'))).toMatchObject({
      errorType: 'System.ArgumentException',
      errorMessage: 'later',
      stackTrace: expect.arrayContaining([expect.stringContaining('T.Forms.')]),
    });
  });

  test('a handler may be static and take nothing', async () => {
    expect(textOf(await call('Fixed'))).toBe('"fixed"');
  });

  test('initializer and handler of a class share its object', async () => {
    expect(textOf(await call('Count', '', { initializer: 'App::T.Forms::Init' }))).toBe('1');
  });

  test("hooks run on the handler's own object, before the instance is frozen and before it goes", async () => {
    const own = ownFunctionRunner({ freezeMs: 0 }, 'on', { cache: loadConfig().cache });
    const revision = own.define(assemblies, {
      runtime: 'dotnetcore2.1',
      handler: 'App::T.Forms::Called',
      hooks: {
        preFreeze: { handler: 'App::T.Forms::Freezing', timeoutMs: 10_000 },
        preStop: { handler: 'App::T.Forms::Stopping', timeoutMs: 10_000 },
      },
    });
    await expectHooksOfOneObject(own, revision);
  });

  test('a name that two methods have is refused — nobody could say which is meant', async () => {
    expect(errorOf(await call('Twice'))).toEqual({
      errorType: 'HandlerNotFound',
      errorMessage: "Handler 'Twice' is not the only one of its name on class 'T.Forms'",
    });
  });

  test('the logger leaves out what is below its level, and keeps a message in one line', async () => {
    const lines = (await call('Levels')).log.toString().split('\n');
    expect(lines.filter((line) => line.includes(' id-1 [')).map((line) => line.slice(25))).toEqual([
      'id-1 [DEBUG] 1\rand 2',
      'id-1 [ERROR] 3\rSystem.IO.IOException: broken',
    ]);
  });

  test('an HTTP call is told what is missing', async () => {
    const revision = functions.define(assemblies, {
      runtime: 'dotnetcore2.1',
      handler: 'App::T.Forms::Fixed',
    });
    const { status, result } = await functions.request(revision);
    expect(status).toBe(0);
    expect(errorOf(result)['errorMessage']).toContain('need ASP.NET Core');
  });
});
