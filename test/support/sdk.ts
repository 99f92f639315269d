/** The public SDK, pointed at the engine of a stack. */
import FC from '@alicloud/fc2';
import type { Stack } from './stack.ts';

export function sdkOf({ credentials, engineUrl }: Stack): FC {
  return new FC(credentials.accountId, {
    accessKeyID: credentials.accessKeyId,
    accessKeySecret: credentials.accessKeySecret,
    region: 'cn-local',
    endpoint: engineUrl,
  });
}
