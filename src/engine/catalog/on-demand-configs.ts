/** The ceiling of on-demand instances, per function and qualifier (guide.md §10, fc-api.md §4 OnDemand). */
import { z } from 'zod';
import { ApiError } from '../http/api-error.ts';
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
import { checkThere, qualifiedFunction, type Qualified } from './qualified.ts';

const PutOnDemandConfigInput = z.object({
  /** 0: no on-demand instance at all. */
  maximumInstanceCount: z.int().min(0),
});

export type OnDemandConfig = z.infer<typeof PutOnDemandConfigInput>;

const PATH = '/services/{service}/functions/{function}/on-demand-config';

export function onDemandConfigOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'PutOnDemandConfig',
      method: 'PUT',
      path: PATH,
      input: PutOnDemandConfigInput,
      async run(call) {
        const qualified = qualifiedFunction(catalog, call);
        const { service, qualifier: name, function: functionName } = qualified;
        const config = call.body(PutOnDemandConfigInput);
        const state = await catalog.change(service, (current) => {
          checkThere(current, qualified);
          const before = attachmentOf(current, 'on-demand', functionName, name);
          call.requireMatch(before?.etag ?? '', resourceOf(qualified));
          return (stamp) => {
            const { attachments, write } = withAttachments(current, [
              { kind: 'on-demand', function: functionName, name, config, ...stamp },
            ]);
            return { parts: { ...current, attachments }, write };
          };
        });
        return answer(qualified, attachmentOf(state, 'on-demand', functionName, name));
      },
    },
    {
      name: 'GetOnDemandConfig',
      method: 'GET',
      path: PATH,
      run(call) {
        const qualified = qualifiedFunction(catalog, call);
        const state = catalog.find(qualified.service);
        return answer(qualified, attachmentOf(state, 'on-demand', qualified.function, qualified.qualifier));
      },
    },
    {
      name: 'DeleteOnDemandConfig',
      method: 'DELETE',
      path: PATH,
      async run(call) {
        const qualified = qualifiedFunction(catalog, call);
        await catalog.change(qualified.service, (state) => {
          const found = attachmentOf(state, 'on-demand', qualified.function, qualified.qualifier);
          if (!found) throw notThere(qualified);
          call.requireMatch(found.etag, resourceOf(qualified));
          return () => {
            const { attachments, write } = withoutAttachments(state, (record) => record === found);
            return { parts: { ...state, attachments }, write };
          };
        });
        return nothing;
      },
    },
    {
      name: 'ListOnDemandConfigs',
      method: 'GET',
      path: '/on-demand-configs',
      query: ['prefix', 'startKey', 'nextToken', 'limit'],
      run(call) {
        const found = new Map<string, OnDemandConfig>();
        for (const [service, state] of catalog.services)
          for (const { function: name, name: qualifier, config } of attachmentsOf(state, 'on-demand'))
            found.set(resourceOf({ service, qualifier, function: name }), config);
        const { items, ...rest } = pageOfNames(call, found.keys());
        return json({ configs: items.map((resource) => ({ resource, ...found.get(resource) })), ...rest });
      },
    },
  ];
}

function resourceOf({ service, qualifier, function: name }: Qualified): string {
  return `services/${service}.${qualifier}/functions/${name}`;
}

function notThere(qualified: Qualified): ApiError {
  return new ApiError(
    404,
    'OnDemandConfigNotFound',
    `'${resourceOf(qualified)}' has no on-demand configuration`,
  );
}

function answer(
  qualified: Qualified,
  record: AttachmentRecord<'on-demand'> | undefined,
): ReturnType<typeof json> {
  if (!record) throw notThere(qualified);
  return json({ resource: resourceOf(qualified), ...record.config }, record.etag);
}
