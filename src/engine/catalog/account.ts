/** What the API says of the account. One engine is one account with nothing bought in advance. */
import { json, type Operation } from '../http/operation.ts';
import { pageLimit } from '../http/paging.ts';
import { z } from 'zod';

/** Largest package that the cloud takes from object storage, bytes; what comes in a body is bounded by the body. */
const CODE_SIZE_LIMIT = 100 * 1024 * 1024;

/**
 * @param region of this engine; its one machine is the one zone
 * @param instances most instances of all functions at once
 */
export function accountOperations(region: string, instances: number): Operation[] {
  // Texts, as the cloud answers.
  const configs = new Map([
    ['CodeSizeLimit', String(CODE_SIZE_LIMIT)],
    ['Concurrency', String(instances)],
  ]);
  return [
    {
      name: 'GetAccountSettings',
      method: 'GET',
      path: '/account-settings',
      output: z.object({ availableAZs: z.array(z.string()), defaultRole: z.string() }),
      run: () => json({ availableAZs: [`${region}-a`], defaultRole: '' }),
    },
    {
      name: 'GetAccountConfigs',
      method: 'GET',
      path: '/accountConfigs',
      output: z.object({
        CodeSizeLimit: z.string().exactOptional(),
        Concurrency: z.string().exactOptional(),
      }),
      query: ['config'],
      run(call) {
        const asked = call.query.getAll('config').filter(Boolean);
        // Clients ask for what some regions have and others do not; such a name is left out of the answer.
        const told = [...configs].filter(([name]) => asked.length === 0 || asked.includes(name));
        return json(Object.fromEntries(told));
      },
    },
    {
      name: 'ListReservedCapacities',
      method: 'GET',
      path: '/reservedCapacities',
      output: z.object({ reservedCapacities: z.array(z.unknown()).length(0) }),
      query: ['limit', 'nextToken'],
      run(call) {
        pageLimit(call);
        return json({ reservedCapacities: [] });
      },
    },
  ];
}
