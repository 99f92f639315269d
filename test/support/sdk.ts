/** The public SDK, pointed at the engine of a stack. */
import FC from '@alicloud/fc2';
import type { Stack } from './stack.ts';

/** @param now the clock that requests are signed by, Unix milliseconds; the engine refuses times 15 minutes off */
export function sdkOf({ credentials, engineUrl }: Stack, now: () => number = Date.now): FC {
  const client = new FC(credentials.accountId, {
    accessKeyID: credentials.accessKeyId,
    accessKeySecret: credentials.accessKeySecret,
    region: 'cn-local',
    endpoint: engineUrl,
  });
  const headersOf = client.buildHeaders.bind(client);
  client.buildHeaders = () => ({ ...headersOf(), date: new Date(now()).toUTCString() });
  return client;
}
