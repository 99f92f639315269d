/** Custom domains: the operations (fc-api.md §3); what may be set is in `domain-config.ts`. */
import { invalidArgument } from '../http/api-error.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import { CreateDomainInput, DomainAnswer, domainConfig, UpdateDomainInput } from './domain-config.ts';
import type { DomainStore } from './domain-store.ts';
import { apiTime, type DomainRecord } from './records.ts';
import type { z } from 'zod';
import { pageOf } from '../http/answers.ts';

export interface DomainOptions {
  readonly accountId: string;
  /** Hosts that lead to the engine itself: as a domain such a name would take its callers away. */
  readonly reservedHosts: readonly string[];
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function customDomainOperations(domains: DomainStore, options: DomainOptions): Operation[] {
  const { accountId, reservedHosts, now } = options;
  const view = (record: DomainRecord): z.infer<typeof DomainAnswer> => domainView(accountId, record);
  return [
    {
      name: 'CreateCustomDomain',
      method: 'POST',
      path: '/custom-domains',
      output: DomainAnswer,
      input: CreateDomainInput,
      async run(call) {
        const { domainName: name, ...settings } = call.body(CreateDomainInput);
        if (reservedHosts.includes(name) || name.endsWith('.fc.aliyuncs.com'))
          throw invalidArgument(`domainName: '${name}' is the host of the API itself; take another one`);
        return json(view(await domains.create(name, domainConfig(name, {}, settings, now()))));
      },
    },
    {
      name: 'ListCustomDomains',
      method: 'GET',
      path: '/custom-domains',
      output: pageOf('customDomains', DomainAnswer),
      query: ['prefix', 'startKey', 'nextToken', 'limit'],
      run(call) {
        const { items, ...rest } = pageOfNames(call, domains.names());
        return json({ customDomains: items.map((name) => view(domains.find(name))), ...rest });
      },
    },
    {
      name: 'GetCustomDomain',
      method: 'GET',
      path: '/custom-domains/{domain}',
      output: DomainAnswer,
      run: (call) => json(view(domains.find(call.param('domain')))),
    },
    {
      name: 'UpdateCustomDomain',
      method: 'PUT',
      path: '/custom-domains/{domain}',
      output: DomainAnswer,
      input: UpdateDomainInput,
      async run(call) {
        const name = call.param('domain');
        domains.find(name);
        const changes = call.body(UpdateDomainInput);
        return json(
          view(await domains.change(name, ({ config }) => domainConfig(name, config, changes, now()))),
        );
      },
    },
    {
      name: 'DeleteCustomDomain',
      method: 'DELETE',
      path: '/custom-domains/{domain}',
      async run(call) {
        await domains.remove(call.param('domain'));
        return nothing;
      },
    },
  ];
}

function domainView(
  accountId: string,
  { name, config, ...record }: DomainRecord,
): z.infer<typeof DomainAnswer> {
  const { certName, certificate } = config.certConfig;
  return {
    domainName: name,
    accountId,
    apiVersion: '2016-08-15',
    protocol: config.protocol,
    routeConfig: config.routeConfig,
    certConfig: { certName, certificate },
    createdTime: apiTime(record.createdAt),
    lastModifiedTime: apiTime(record.modifiedAt),
  };
}
