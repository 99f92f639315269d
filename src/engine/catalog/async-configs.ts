/** How a function is called asynchronously, per qualifier: retries, age, destinations (fc-api.md §3, §4 Async). */
import { z } from 'zod';
import { ApiError, invalidArgument } from '../http/api-error.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import {
  attachmentOf,
  attachmentsOf,
  withAttachments,
  withoutAttachments,
  type AttachmentRecord,
} from './attachments.ts';
import type { Catalog } from './catalog.ts';
import { checkThere, qualifiedFunction } from './qualified.ts';
import { apiTime } from './records.ts';
import { notServed } from './service-config.ts';

const Destination = z.object({ destination: z.string().default('') });

const AsyncConfigInput = z.object({
  destinationConfig: z
    .object({ onSuccess: Destination.exactOptional(), onFailure: Destination.exactOptional() })
    .default({}),
  maxAsyncEventAgeInSeconds: z.int().min(1).max(2_592_000).default(86_400),
  maxAsyncRetryAttempts: z.int().min(0).max(8).default(3),
  statefulInvocation: z.boolean().default(false),
});

export type AsyncConfig = z.infer<typeof AsyncConfigInput>;

/** What holds where nobody put a config. */
export const DEFAULT_ASYNC_CONFIG: AsyncConfig = AsyncConfigInput.parse({});

const PATH = '/services/{service}/functions/{function}/async-invoke-config';

export function asyncConfigOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'PutFunctionAsyncInvokeConfig',
      method: 'PUT',
      path: PATH,
      input: AsyncConfigInput,
      async run(call) {
        const qualified = qualifiedFunction(catalog, call);
        const { service, qualifier: name, function: functionName } = qualified;
        const config = call.body(AsyncConfigInput);
        checkDestinations(config);
        const state = await catalog.change(service, (current) => {
          checkThere(current, qualified);
          const before = attachmentOf(current, 'async', functionName, name);
          return (stamp) => {
            const createdAt = before?.createdAt ?? stamp.createdAt;
            const { attachments, write } = withAttachments(current, [
              { kind: 'async', function: functionName, name, config, ...stamp, createdAt },
            ]);
            return { parts: { ...current, attachments }, write };
          };
        });
        return answer(service, attachmentOf(state, 'async', functionName, name), name);
      },
    },
    {
      name: 'GetFunctionAsyncInvokeConfig',
      method: 'GET',
      path: PATH,
      run(call) {
        const { service, qualifier, function: name } = qualifiedFunction(catalog, call);
        return answer(service, attachmentOf(catalog.find(service), 'async', name, qualifier), qualifier);
      },
    },
    {
      name: 'DeleteFunctionAsyncInvokeConfig',
      method: 'DELETE',
      path: PATH,
      async run(call) {
        const { service, qualifier, function: functionName } = qualifiedFunction(catalog, call);
        await catalog.change(service, (state) => {
          const found = attachmentOf(state, 'async', functionName, qualifier);
          if (!found) throw notThere(functionName, qualifier);
          return () => {
            const { attachments, write } = withoutAttachments(state, (record) => record === found);
            return { parts: { ...state, attachments }, write };
          };
        });
        return nothing;
      },
    },
    {
      name: 'ListFunctionAsyncInvokeConfigs',
      method: 'GET',
      path: '/services/{service}/functions/{function}/async-invoke-configs',
      query: ['nextToken', 'limit'],
      run(call) {
        const { service, function: functionName } = qualifiedFunction(catalog, call);
        const records = attachmentsOf(catalog.find(service), 'async', functionName);
        const byName = new Map(records.map((record) => [record.name, record]));
        const { items, ...rest } = pageOfNames(call, byName.keys());
        return json({ configs: items.map((name) => viewOf(service, byName.get(name))), ...rest });
      },
    },
  ];
}

/** A function that results may go to. */
export interface FunctionAddress {
  readonly service: string;
  readonly qualifier: string;
  readonly function: string;
}

/** `acs:fc:{region}:{account}:services/{service}[.{qualifier}]/functions/{function}`, or `undefined`. */
export function functionOfArn(arn: string): FunctionAddress | undefined {
  const [, service, qualifier = 'LATEST', name] =
    /^acs:fc:[^:]*:[^:]*:services\/([^/.]+)(?:\.([^/]+))?\/functions\/([^/]+)$/.exec(arn) ?? [];
  return service && name ? { service, qualifier, function: name } : undefined;
}

function checkDestinations({ destinationConfig }: AsyncConfig): void {
  for (const when of ['onSuccess', 'onFailure'] as const) {
    const arn = destinationConfig[when]?.destination ?? '';
    if (arn === '' || functionOfArn(arn)) continue;
    if (/^acs:(mns|eventbridge):/.test(arn)) throw notServed(`destinationConfig.${when} '${arn}'`);
    throw invalidArgument(
      `destinationConfig.${when}: must be 'acs:fc:REGION:ACCOUNT:services/SERVICE.QUALIFIER/functions/FUNCTION', not '${arn}'`,
    );
  }
}

function notThere(name: string, qualifier: string): ApiError {
  return new ApiError(
    404,
    'AsyncConfigNotExists',
    `function '${name}' has no asynchronous configuration for qualifier '${qualifier}'`,
  );
}

function answer(
  service: string,
  record: AttachmentRecord<'async'> | undefined,
  qualifier: string,
): ReturnType<typeof json> {
  if (!record) throw notThere(service, qualifier);
  return json(viewOf(service, record));
}

function viewOf(service: string, record: AttachmentRecord<'async'> | undefined): Record<string, unknown> {
  if (!record) return {};
  return {
    service,
    function: record.function,
    qualifier: record.name,
    ...record.config,
    createdTime: apiTime(record.createdAt),
    lastModifiedTime: apiTime(record.modifiedAt),
  };
}
