/** One engine with one of everything, and a way to ask each operation that holds every error to its form. */
import { Agent } from 'node:http';
import { expect } from 'vitest';
import { describedApi, pathOf, type DescribedOperation } from '../support/described-api.ts';
import { functionAnswering, send, zipOf, type RawAnswer } from '../support/engine-process.ts';
import { startTestEngine, type TestEngine } from '../support/test-engine.ts';

/** What the paths' parameters are unless a case says otherwise; all of it is there. */
export const THERE: Readonly<Record<string, string>> = {
  service: 'shop',
  function: 'hello',
  version: '1',
  alias: 'PROD',
  trigger: 'web',
  domain: 'a.example.com',
  layer: 'base',
  arn: 'x#base#1',
  vpc: 'vpc-1',
  invocation: 'waiting',
  instance: 'none',
  sha256: 'none',
};

export interface Asking {
  /** The path's own parameters, where they are others than `THERE`. */
  readonly of?: Readonly<Record<string, string>>;
  readonly query?: string;
  /** An object goes as JSON. */
  readonly body?: object | string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isSigned?: boolean;
}

export interface Subject {
  readonly engine: TestEngine;
  readonly api: ReadonlyMap<string, DescribedOperation>;
  /** A function `hello` that would do. */
  readonly hello: Readonly<Record<string, unknown>>;
  readonly ask: (operation: string, asking?: Asking) => Promise<RawAnswer>;
  /** `ask` where it must succeed. */
  readonly done: (operation: string, asking?: Asking) => Promise<RawAnswer>;
  /** What is said of a path that no operation has. */
  readonly elsewhere: (method: string, path: string) => Promise<string>;
  close(): Promise<void>;
}

/** `409 ServiceAlreadyExists`, or the status alone of what was not refused. */
export function saidBy(answer: RawAnswer): string {
  return answer.status < 400 ? String(answer.status) : `${answer.status} ${answer.json().ErrorCode}`;
}

export const timer = (triggerName: string) => ({
  triggerName,
  triggerType: 'timer',
  triggerConfig: { cronExpression: '@every 24h' },
});

/** A body with every member that a schema has: an object with its own, anything else as null. */
export function withNulls(schema: unknown): object {
  const { properties = {}, items } = schema as Schema;
  if (items) return [withNulls(items)];
  const members = Object.entries(properties).map(([name, inner]) => [
    name,
    isNested(inner) ? withNulls(inner) : null,
  ]);
  return Object.fromEntries(members) as object;
}
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}
function isNested({ properties, items }: Schema): boolean {
  return properties !== undefined || (items !== undefined && isNested(items));
}

export async function startSubject(): Promise<Subject> {
  const engine = await startTestEngine();
  const api = await describedApi(engine.process);
  const agent = new Agent({ keepAlive: true });

  async function ask(operation: string, asking: Asking = {}): Promise<RawAnswer> {
    const { of = {}, query, body, headers = {}, isSigned = true } = asking;
    const found = api.get(operation);
    if (!found) throw new Error(`${operation} is not in the document`);
    const path = pathOf(found, { ...THERE, ...of });
    const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
    const answer = await send(engine.process, {
      method: found.method,
      path: query === undefined ? path : `${path}?${query}`,
      ...(body !== undefined && { body: isJson ? JSON.stringify(body) : body }),
      headers: { ...(isJson && { 'content-type': 'application/json' }), ...headers },
      isSigned,
      agent,
    });
    expect(answer.headers['x-fc-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    if (answer.status >= 400) {
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.json()).toEqual({
        ErrorCode: expect.stringMatching(/^[A-Z][A-Za-z]+$/) as string,
        ErrorMessage: expect.stringMatching(/./) as string,
      });
    }
    return answer;
  }
  async function done(operation: string, asking: Asking = {}): Promise<RawAnswer> {
    const answer = await ask(operation, asking);
    if (answer.status >= 300) expect.fail(`${operation}: ${answer.status} ${answer.body.toString()}`);
    return answer;
  }

  await done('CreateService', { body: { serviceName: 'shop' } });
  const hello = { ...(await functionAnswering('hello', 'hi')) } as Readonly<Record<string, unknown>>;
  await done('CreateFunction', { body: hello });
  await done('PublishVersion', { body: {} });
  await done('UpdateFunction', { body: { description: 'changed' } });
  await done('PublishVersion', { body: {} });
  await done('CreateAlias', { body: { aliasName: 'PROD', versionId: '1' } });
  await done('CreateTrigger', { body: timer('web') });
  await done('CreateCustomDomain', { body: { domainName: 'a.example.com' } });
  const zipFile = (await zipOf({ 'a.txt': 'a' })).toString('base64');
  await done('PublishLayerVersion', { body: { code: { zipFile } } });
  await done('CreateVpcBinding', { of: { service: await bound() }, body: { vpcId: 'vpc-1' } });
  await done('PutFunctionAsyncInvokeConfig', { body: { statefulInvocation: true } });
  // It waits for an hour, so that it is there.
  const waits = { 'x-fc-invocation-type': 'Async', 'x-fc-async-delay': '3600' };
  for (const id of ['waiting', 'ended'])
    await done('InvokeFunction', { headers: { ...waits, 'x-fc-stateful-async-invocation-id': id } });
  await done('StopStatefulAsyncInvocation', { of: { invocation: 'ended' } });

  return {
    engine,
    api,
    hello,
    ask,
    done,
    elsewhere: async (method, path) => saidBy(await send(engine.process, { method, path, agent })),
    close: async () => {
      agent.destroy();
      await engine.close();
    },
  };

  /** A service of its own: nobody may call what is bound. */
  async function bound(): Promise<string> {
    await done('CreateService', { body: { serviceName: 'bound' } });
    return 'bound';
  }
}
