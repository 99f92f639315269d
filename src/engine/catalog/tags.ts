/** Tags of services: set, removed, read; ListServices filters by them (fc-api.md §3, §4 Tags). */
import { z } from 'zod';
import { invalidArgument } from '../http/api-error.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { attachmentsOf, withAttachments, withoutAttachments, type AttachmentRecord } from './attachments.ts';
import type { Catalog } from './catalog.ts';
import type { ServiceParts } from './service-state.ts';

/** Most tags in one call, and of one service. */
const TAGS_MAX = 20;
const KEY_LENGTH_MAX = 64;
const VALUE_LENGTH_MAX = 128;
const ARN = /^(?:acs:fc:[^:]*:[^:]*:)?services\/([^/.]+)$/;

const TagResourceInput = z.object({
  resourceArn: z.string(),
  tags: z.record(z.string().min(1).max(KEY_LENGTH_MAX), z.string().max(VALUE_LENGTH_MAX)),
});
const UntagResourceInput = z.object({
  resourceArn: z.string(),
  tagKeys: z.array(z.string()).max(TAGS_MAX).exactOptional(),
  all: z.boolean().exactOptional(),
});

export function tagOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'TagResource',
      method: 'POST',
      path: '/tag',
      input: TagResourceInput,
      async run(call) {
        const { resourceArn, tags } = call.body(TagResourceInput);
        const service = serviceOf(resourceArn);
        const given = Object.entries(tags);
        if (given.length === 0 || given.length > TAGS_MAX)
          throw invalidArgument(`tags: 1 to ${TAGS_MAX} tags are set in one call, not ${given.length}`);
        await catalog.change(service, (state) => {
          const all = new Set([...Object.keys(tagsOf(state)), ...Object.keys(tags)]);
          if (all.size > TAGS_MAX)
            throw invalidArgument(
              `tags: service '${service}' would have ${all.size} tags; ${TAGS_MAX} are allowed`,
            );
          return (stamp) => {
            const records = given.map(([name, config]): AttachmentRecord => ({
              kind: 'tag',
              function: '',
              name,
              config,
              ...stamp,
            }));
            return withAttachments(state, records);
          };
        });
        return nothing;
      },
    },
    {
      name: 'UntagResource',
      method: 'DELETE',
      path: '/tag',
      input: UntagResourceInput,
      async run(call) {
        const { resourceArn, tagKeys = [], all = false } = call.body(UntagResourceInput);
        const service = serviceOf(resourceArn);
        if (!all && tagKeys.length === 0)
          throw invalidArgument('tagKeys: name at least one tag, or send all: true');
        await catalog.change(
          service,
          (state) => () =>
            withoutAttachments(state, ({ kind, name }) => kind === 'tag' && (all || tagKeys.includes(name))),
        );
        return nothing;
      },
    },
    {
      name: 'GetResourceTags',
      method: 'GET',
      path: '/tag',
      output: z.object({ resourceArn: z.string(), tags: z.record(z.string(), z.string()) }),
      query: ['resourceArn'],
      run(call) {
        const resourceArn = call.required('resourceArn');
        return json({ resourceArn, tags: tagsOf(catalog.find(serviceOf(resourceArn))) });
      },
    },
  ];
}

export function tagsOf(state: ServiceParts): Record<string, string> {
  return Object.fromEntries(attachmentsOf(state, 'tag').map(({ name, config }) => [name, config]));
}

/** The test whether a service has every `tag_{key}={value}` of a list's query, which mostly names none. */
export function tagFilter(query: URLSearchParams): (state: ServiceParts) => boolean {
  const wanted = [...query].filter(([name]) => name.startsWith('tag_'));
  if (wanted.length === 0) return () => true;
  return (state) => {
    const tags = tagsOf(state);
    return wanted.every(([name, value]) => tags[name.slice(4)] === value);
  };
}

function serviceOf(resourceArn: string): string {
  const name = ARN.exec(resourceArn)?.[1];
  if (name === undefined)
    throw invalidArgument(
      `resourceArn: only services have tags; write 'services/NAME' or 'acs:fc:REGION:ACCOUNT:services/NAME', not '${resourceArn}'`,
    );
  return name;
}
