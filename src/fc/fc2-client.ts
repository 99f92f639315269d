/**
 * `FcClient` over the public Node SDK: the same code speaks to the built-in engine and to Alibaba Cloud, only the
 * endpoint differs. Every answer is parsed, every fault is an `FcError`.
 */
import FC, { type FcAnswer } from '@alicloud/fc2';
import type { z } from 'zod';
import {
  AliasAnswer,
  CodeAnswer,
  FunctionAnswer,
  FunctionsAnswer,
  RingAnswerSchema,
  ServiceAnswer,
  VersionAnswer,
  VersionsAnswer,
} from './answers.ts';
import type { AliasTarget, FcClient, FcFunction, FcFunctionConfig, FcInvocation, Tagged } from './client.ts';
import { faultsNamed, nullWhenMissing } from './fault.ts';

export interface FcClientSettings {
  /** `http://host:port` or `https://…`, without a path. */
  readonly endpoint: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly region: string;
  /** Longest wait for one answer, milliseconds; above the longest function timeout that smoke calls may meet. */
  readonly timeoutMs: number;
}

const PAGE = 100;

/** A client for one endpoint and one key pair; safe to share, it keeps no state between calls. */
export function createFcClient(settings: FcClientSettings): FcClient {
  const fc = new FC(settings.accountId, {
    accessKeyID: settings.accessKeyId,
    accessKeySecret: settings.accessKeySecret,
    region: settings.region,
    endpoint: settings.endpoint.replace(/\/+$/, ''),
    timeout: settings.timeoutMs,
  });

  async function functionPages(service: string, qualifier: string | undefined): Promise<FcFunction[]> {
    const all: FcFunction[] = [];
    let nextToken: string | null | undefined;
    do {
      const query = { limit: PAGE, ...(nextToken ? { nextToken } : {}) };
      const answer = await fc.listFunctions(service, query, {}, qualifier);
      const page = FunctionsAnswer.parse(answer.data);
      all.push(...page.functions);
      nextToken = page.nextToken;
    } while (nextToken);
    return all;
  }

  return {
    getService: (service, qualifier) =>
      nullWhenMissing(async () => tagged(ServiceAnswer, await fc.getService(service, {}, qualifier))),
    createService: ({ serviceName, ...rest }) =>
      faultsNamed(async () => tagged(ServiceAnswer, await fc.createService(serviceName, rest))),
    updateService: ({ serviceName, ...rest }) =>
      faultsNamed(async () => tagged(ServiceAnswer, await fc.updateService(serviceName, rest))),

    getFunction: (service, name, qualifier) =>
      nullWhenMissing(async () => tagged(FunctionAnswer, await fc.getFunction(service, name, {}, qualifier))),
    listFunctions: (service, qualifier) => faultsNamed(() => functionPages(service, qualifier)),
    createFunction: (service, name, config, zip) =>
      faultsNamed(async () =>
        tagged(
          FunctionAnswer,
          await fc.createFunction(service, { functionName: name, ...functionBody(config, zip) }),
        ),
      ),
    updateFunction: (service, name, config, zip) =>
      faultsNamed(async () =>
        tagged(FunctionAnswer, await fc.updateFunction(service, name, functionBody(config, zip))),
      ),
    deleteFunction: (service, name) =>
      faultsNamed(async () => {
        await fc.deleteFunction(service, name);
      }),
    getFunctionCode: (service, name, qualifier) =>
      faultsNamed(async () => {
        const answer = await fc.getFunctionCode(service, name, {}, qualifier);
        return download(CodeAnswer.parse(answer.data).url, settings.timeoutMs);
      }),

    publishVersion: (service, description) =>
      faultsNamed(async () => VersionAnswer.parse((await fc.publishVersion(service, description)).data)),
    listVersions: (service, limit) =>
      faultsNamed(
        async () => VersionsAnswer.parse((await fc.listVersions(service, { limit })).data).versions,
      ),

    getAlias: (service, alias) =>
      nullWhenMissing(async () => tagged(AliasAnswer, await fc.getAlias(service, alias))),
    createAlias: (service, alias, target) =>
      faultsNamed(async () =>
        tagged(AliasAnswer, await fc.createAlias(service, alias, target.versionId, aliasBody(target))),
      ),
    updateAlias: (service, alias, target, ifMatch) =>
      faultsNamed(async () =>
        tagged(
          AliasAnswer,
          await fc.updateAlias(service, alias, target.versionId, aliasBody(target), { 'If-Match': ifMatch }),
        ),
      ),

    invoke: (service, qualifier, name, payload) =>
      faultsNamed(async () => {
        const headers = { 'X-Fc-Invocation-Type': 'Sync', 'X-Fc-Log-Type': 'Tail' };
        return invocation(
          await fc.invokeFunction(service, name, payload, headers, qualifier, { rawBuf: true }),
        );
      }),
    probe: (service, qualifier, name, payload) =>
      faultsNamed(async () => {
        const headers = { 'X-Fc-Invocation-Type': 'Sync', 'X-Sluice-Probe': '1' };
        await fc.invokeFunction(service, name, payload, headers, qualifier, { rawBuf: true });
      }),
    readRing: (service, name, qualifier, fromMs, options) =>
      faultsNamed(async () => {
        const query = {
          service,
          function: name,
          qualifier,
          from: String(fromMs),
          ...(options?.latencies && { latencies: 'true' }),
          ...(options?.probes && { probes: 'true' }),
        };
        return RingAnswerSchema.parse((await fc.get('/_sluice/ring', query)).data);
      }),
  };
}

function tagged<S extends z.ZodType>(schema: S, answer: FcAnswer): Tagged<z.output<S>> {
  return { value: schema.parse(answer.data), etag: answer.headers['etag'] ?? '' };
}

function functionBody(config: FcFunctionConfig, zip: Buffer | null): object {
  return { ...config, ...(zip === null ? {} : { code: { zipFile: zip.toString('base64') } }) };
}

/** The map is always sent: left out, the API would keep the weights that stand. */
function aliasBody(target: AliasTarget): object {
  const { additionalVersionWeight, description } = target;
  return { additionalVersionWeight, ...(description === undefined ? {} : { description }) };
}

function invocation(answer: FcAnswer): FcInvocation {
  const { headers } = answer;
  const log = headers['x-fc-log-result'];
  return {
    status: 200,
    body: bytesOf(answer.data),
    errorType: headers['x-fc-error-type'] ?? null,
    requestId: headers['x-fc-request-id'] ?? '',
    version: headers['x-fc-invocation-service-version'] ?? null,
    log: log ? Buffer.from(log, 'base64').toString('utf8') : '',
  };
}

/** The SDK parses a JSON answer although raw bytes were asked for. */
function bytesOf(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Buffer.from(typeof data === 'string' ? data : JSON.stringify(data));
}

async function download(url: string, timeoutMs: number): Promise<Buffer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!answer.ok) throw new Error(`the code's address answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}
