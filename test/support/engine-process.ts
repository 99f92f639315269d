/** A real engine process for a test, on a free port with a home of its own, and signed ways to speak to it. */
import { fork, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request, type Agent, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import FC from '@alicloud/fc2';
import { ZipArchive } from 'archiver';
import { freePorts } from './stack.ts';

const MAIN = fileURLToPath(new URL('../../dist/engine/main.js', import.meta.url));

export const KEY = { id: 'LTAItest', secret: 'test-secret' };
export const ACCOUNT = '1234567890123456';

/** Methods of the public SDK that these tests use; the package has no types of its own. */
type SdkCall = (...args: readonly unknown[]) => Promise<{ headers: Record<string, string>; data: unknown }>;
type SdkMethod =
  | 'createService'
  | 'getService'
  | 'updateService'
  | 'deleteService'
  | 'listServices'
  | 'createFunction'
  | 'getFunction'
  | 'getFunctionCode'
  | 'updateFunction'
  | 'deleteFunction'
  | 'listFunctions'
  | 'publishVersion'
  | 'listVersions'
  | 'deleteVersion'
  | 'createAlias'
  | 'getAlias'
  | 'updateAlias'
  | 'deleteAlias'
  | 'listAliases'
  | 'invokeFunction'
  | 'get'
  | 'post'
  | 'put'
  | 'delete'
  | 'createTrigger'
  | 'getTrigger'
  | 'updateTrigger'
  | 'deleteTrigger'
  | 'listTriggers'
  | 'createCustomDomain'
  | 'getCustomDomain'
  | 'updateCustomDomain'
  | 'deleteCustomDomain'
  | 'listCustomDomains'
  | 'tagResource'
  | 'untagResource'
  | 'getResourceTags'
  | 'getAccountSettings'
  | 'getAccountConfigs'
  | 'listReservedCapacities'
  | 'putProvisionConfig'
  | 'getProvisionConfig'
  | 'listProvisionConfigs'
  | 'putOnDemandConfig'
  | 'getOnDemandConfig'
  | 'deleteOnDemandConfig'
  | 'listOnDemandConfigs'
  | 'putFunctionAsyncConfig'
  | 'getFunctionAsyncConfig'
  | 'deleteFunctionAsyncConfig'
  | 'listFunctionAsyncConfigs'
  | 'listLayers'
  | 'listLayerVersions'
  | 'getLayerVersion'
  | 'getLayerVersionByArn'
  | 'publishLayerVersion'
  | 'putLayerACL'
  | 'deleteLayerVersion'
  | 'listInstances'
  | 'getTempBucketToken'
  | 'getTempCodeBucketPermission';
export type Sdk = Record<SdkMethod, SdkCall>;

export interface EngineProcess {
  readonly port: number;
  readonly url: string;
  readonly child: ChildProcess;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | string>;
}

export interface EngineSettings {
  readonly home: string;
  readonly databaseUrl: string;
  readonly port?: number;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Program that becomes the Node.js of the arguments it is given, on a host that it made different before. */
  readonly host?: string;
}

/** Starts `dist/engine/main.js`; resolves when it says that it is ready, or rejects with its output when it ends. */
export async function startEngineProcess(settings: EngineSettings): Promise<EngineProcess> {
  const [free = 0] = settings.port === undefined ? await freePorts(1) : [settings.port];
  const { PATH = '' } = process.env;
  const child = fork(MAIN, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--enable-source-maps'],
    ...(settings.host !== undefined && { execPath: settings.host }),
    env: {
      PATH,
      SLUICE_HOME: settings.home,
      SLUICE_ENGINE_PORT: String(free),
      SLUICE_ACCOUNT_ID: ACCOUNT,
      SLUICE_ACCESS_KEY_ID: KEY.id,
      SLUICE_ACCESS_KEY_SECRET: KEY.secret,
      SLUICE_ADMIN_TOKEN: 'unused',
      DATABASE_URL: settings.databaseUrl,
      ...settings.env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  const ready = once(child, 'message');
  const first = await Promise.race([ready, ended]);
  if (!Array.isArray(first)) throw new Error(`the engine ended with ${first}:\n${output}`);
  return {
    port: free,
    url: `http://127.0.0.1:${free}`,
    child,
    ended,
    output: () => output,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

export function sdkFor(engine: { readonly url: string }, key = KEY): Sdk {
  const client: unknown = new FC(ACCOUNT, {
    accessKeyID: key.id,
    accessKeySecret: key.secret,
    region: 'cn-local',
    endpoint: engine.url,
    timeout: 20_000,
  });
  return client as Sdk;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): { ErrorCode?: string; ErrorMessage?: string } & Record<string, unknown>;
}

export interface RawRequest {
  readonly method?: string;
  /** After the port, with `/2016-08-15` and query. */
  readonly path: string;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is signed as the resource where it is not the path alone. */
  readonly signedAs?: string;
  /** Left out on purpose by some tests. */
  readonly isSigned?: boolean;
  readonly agent?: Agent;
}

/** The status, code and message of a refused SDK call. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${/failed with (\d+)/.exec(message)?.[1]} ${code}: ${message}`;
  }
  return 'accepted';
}

/** One request without the SDK, signed unless told otherwise. */
export async function send(engine: { readonly port: number }, options: RawRequest): Promise<RawAnswer> {
  const { method = 'GET', path, body, isSigned = true } = options;
  const resource = options.signedAs ?? path.split('?')[0] ?? '';
  const headers: Record<string, string> = { date: new Date().toUTCString(), ...options.headers };
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
  if (isSigned) headers['authorization'] = authorization(method, resource, headers);
  return new Promise((resolve, reject) => {
    const call = request({
      host: '127.0.0.1',
      port: engine.port,
      method,
      path,
      headers,
      ...(options.agent && { agent: options.agent }),
    });
    call.on('error', reject);
    call.on('response', (response) => {
      buffer(response).then(
        (bytes) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: bytes,
            json: () => JSON.parse(bytes.toString()) as ReturnType<RawAnswer['json']>,
          }),
        reject,
      );
    });
    call.end(body);
  });
}

/** An event of another product for the functions that are bound to its source. */
export function deliverEvent(
  engine: { readonly port: number },
  event: object,
  isSigned = true,
): Promise<RawAnswer> {
  return send(engine, {
    method: 'POST',
    path: '/2016-08-15/_sluice/events',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
    isSigned,
  });
}

export function authorization(
  method: string,
  resource: string,
  headers: Readonly<Record<string, string>>,
): string {
  const fcLines = Object.keys(headers)
    .filter((name) => name.startsWith('x-fc-'))
    .sort()
    .map((name) => `${name}:${headers[name]}\n`)
    .join('');
  const text = `${method}\n${headers['content-md5'] ?? ''}\n${headers['content-type'] ?? ''}\n${headers['date'] ?? ''}\n${fcLines}${resource}`;
  return `FC ${KEY.id}:${createHmac('sha256', KEY.secret).update(text).digest('base64')}`;
}

/** A function that is an HTTP server of its own, the text of a Node.js program. */
export async function serverFunction(name: string, program: string): Promise<object> {
  const zip = await zipOf({ 'server.js': program });
  return {
    functionName: name,
    runtime: 'custom',
    handler: 'none',
    timeout: 10,
    customRuntimeConfig: { command: ['node'], args: ['server.js'] },
    code: { zipFile: zip.toString('base64') },
  };
}

/** A code package as the SDK takes it. */
export async function zipOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = new ZipArchive({ zlib: { level: 1 } });
  for (const [name, content] of Object.entries(files)) archive.append(content, { name, date: new Date(0) });
  const [bytes] = await Promise.all([buffer(archive), archive.finalize()]);
  return bytes;
}

/** A function whose handler answers `text`. */
export function functionAnswering(name: string, text: string): Promise<object> {
  return functionOf(name, `async () => ${JSON.stringify(text)}`);
}

/** A function with the given handler, as the text of an expression. */
export async function functionOf(name: string, handler: string): Promise<object> {
  const zip = await zipOf({ 'index.js': `exports.handler = ${handler};\n` });
  return {
    functionName: name,
    runtime: 'nodejs20',
    handler: 'index.handler',
    timeout: 10,
    code: { zipFile: zip.toString('base64') },
  };
}
