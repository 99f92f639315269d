/** Further regions that releases may go to: `SLUICE_REGIONS=cn-shanghai=https://…,cn-beijing=https://…`. */
import { z } from 'zod';
import { pairOf, variableList } from './variable-list.ts';

export interface RegionEndpoint {
  readonly name: string;
  /** Base address of Function Compute's API there. */
  readonly endpoint: string;
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const RULE = 'name=endpoint, separated by commas, such as cn-shanghai=https://fc.cn-shanghai.example';

/** The variable as text; each name once. */
export const regionEndpoints = variableList.transform((entries, context): RegionEndpoint[] => {
  const seen = new Set<string>();
  return entries.map((entry): RegionEndpoint => {
    const [name, endpoint] = pairOf(entry);
    const isUrl = z.url({ protocol: /^https?$/ }).safeParse(endpoint).success;
    if (!NAME.test(name) || !isUrl)
      context.addIssue({ code: 'custom', message: `found ${entry}; allowed: ${RULE}` });
    else if (seen.has(name))
      context.addIssue({ code: 'custom', message: `the region ${name} is there twice` });
    seen.add(name);
    return { name, endpoint };
  });
});
