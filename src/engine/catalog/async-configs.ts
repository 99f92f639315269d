/** How a function is called asynchronously, per qualifier: retries, age, destinations (fc-api.md §3, §4 Async). */
import { z } from 'zod';
import { ApiError, invalidArgument } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import { attachmentOf, attachmentsOf, type AttachmentRecord } from './attachments.ts';
import type { Catalog } from './catalog.ts';
import { qualifiedFunction, QualifiedConfigs } from './qualified.ts';
import { apiTime } from './records.ts';
import type { ServiceState } from './service-state.ts';
import { pageOf, Times } from '../http/answers.ts';

const Destination = z.object({ destination: z.string().default('') });

const AsyncConfigInput = z.object({
  destinationConfig: z
    .object({ onSuccess: Destination.exactOptional(), onFailure: Destination.exactOptional() })
    .default({}),
  maxAsyncEventAgeInSeconds: z.int().min(1).max(2_592_000).default(86_400),
  maxAsyncRetryAttempts: z.int().min(0).max(8).default(3),
  statefulInvocation: z.boolean().default(false),
});

const AsyncAnswer = AsyncConfigInput.extend({
  service: z.string(),
  function: z.string(),
  qualifier: z.string(),
  ...Times,
});

export type AsyncConfig = z.infer<typeof AsyncConfigInput>;

/** What holds where nobody put a config. */
export const DEFAULT_ASYNC_CONFIG: AsyncConfig = AsyncConfigInput.parse({});

/** @param state of the function's service; `undefined` where that is gone */
export function asyncConfigOf(
  state: ServiceState | undefined,
  { qualifier, function: name }: Omit<FunctionAddress, 'service'>,
): AsyncConfig {
  return (state && attachmentOf(state, 'async', name, qualifier))?.config ?? DEFAULT_ASYNC_CONFIG;
}

const PATH = '/services/{service}/functions/{function}/async-invoke-config';

export function asyncConfigOperations(catalog: Catalog): Operation[] {
  const configs = new QualifiedConfigs(
    catalog,
    'async',
    ({ function: name, qualifier }) =>
      new ApiError(
        404,
        'AsyncConfigNotExists',
        `function '${name}' has no asynchronous configuration for qualifier '${qualifier}'`,
      ),
  );
  return [
    {
      name: 'PutFunctionAsyncInvokeConfig',
      method: 'PUT',
      path: PATH,
      output: AsyncAnswer,
      input: AsyncConfigInput,
      async run(call) {
        const of = qualifiedFunction(catalog, call);
        const config = call.body(AsyncConfigInput);
        checkDestinations(config);
        return json(viewOf(of.service, await configs.put(of, config)));
      },
    },
    {
      name: 'GetFunctionAsyncInvokeConfig',
      method: 'GET',
      path: PATH,
      output: AsyncAnswer,
      run(call) {
        const of = qualifiedFunction(catalog, call);
        return json(viewOf(of.service, configs.find(of)));
      },
    },
    {
      name: 'DeleteFunctionAsyncInvokeConfig',
      method: 'DELETE',
      path: PATH,
      async run(call) {
        await configs.remove(qualifiedFunction(catalog, call));
        return nothing;
      },
    },
    {
      name: 'ListFunctionAsyncInvokeConfigs',
      method: 'GET',
      path: '/services/{service}/functions/{function}/async-invoke-configs',
      output: pageOf('configs', AsyncAnswer),
      query: ['nextToken', 'limit'],
      run(call) {
        const { service, function: functionName } = qualifiedFunction(catalog, call);
        const records = attachmentsOf(catalog.find(service), 'async', functionName);
        const views = new Map(records.map((record) => [record.name, viewOf(service, record)]));
        const { items, ...rest } = pageOfNames(call, views.keys());
        return json({ configs: items.map((name) => views.get(name)), ...rest });
      },
    },
  ];
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
    if (/^acs:(mns|eventbridge):/.test(arn))
      throw invalidArgument(
        `destinationConfig.${when}: nothing here takes messages for '${arn}', and outcomes would be lost; name a function, which may pass them on`,
      );
    throw invalidArgument(
      `destinationConfig.${when}: must be 'acs:fc:REGION:ACCOUNT:services/SERVICE.QUALIFIER/functions/FUNCTION', not '${arn}'`,
    );
  }
}

function viewOf(service: string, record: AttachmentRecord<'async'>): z.infer<typeof AsyncAnswer> {
  return {
    service,
    function: record.function,
    qualifier: record.name,
    ...record.config,
    createdTime: apiTime(record.createdAt),
    lastModifiedTime: apiTime(record.modifiedAt),
  };
}
