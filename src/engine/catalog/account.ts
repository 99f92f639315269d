/** What the API says of the account. One engine is one account with nothing bought in advance. */
import { CODE_ZIP_BYTES_MAX } from '../../domain/names/fc.ts';
import { invalidArgument } from '../http/api-error.ts';
import { json, type Operation } from '../http/operation.ts';
import { pageLimit } from '../http/paging.ts';

const CONFIGS: Readonly<Record<string, number>> = { CodeSizeLimit: CODE_ZIP_BYTES_MAX };

/** @param region of this engine; its one machine is the one zone */
export function accountOperations(region: string): Operation[] {
  return [
    {
      name: 'GetAccountSettings',
      method: 'GET',
      path: '/account-settings',
      run: () => json({ availableAZs: [`${region}-a`], defaultRole: '' }),
    },
    {
      name: 'GetAccountConfigs',
      method: 'GET',
      path: '/accountConfigs',
      query: ['config'],
      run(call) {
        const asked = call.query.getAll('config').filter(Boolean);
        const unknown = asked.find((name) => !Object.hasOwn(CONFIGS, name));
        if (unknown !== undefined)
          throw invalidArgument(
            `config: '${unknown}' is unknown; known are ${Object.keys(CONFIGS).join(', ')}`,
          );
        return json(
          Object.fromEntries(
            (asked.length > 0 ? asked : Object.keys(CONFIGS)).map((name) => [name, CONFIGS[name]]),
          ),
        );
      },
    },
    {
      name: 'ListReservedCapacities',
      method: 'GET',
      path: '/reservedCapacities',
      query: ['limit', 'nextToken'],
      run(call) {
        pageLimit(call);
        return json({ reservedCapacities: [] });
      },
    },
  ];
}
