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

/** Versions of a service, newest first. */
export async function versionsOf(fc: FC, service: string): Promise<string[]> {
  const { data } = await fc.listVersions(service, { limit: 100 });
  return (data as { versions: { versionId: string }[] }).versions.map((version) => version.versionId);
}

/** Where the alias PROD of a service stands. */
export async function aliasOf(
  fc: FC,
  service: string,
): Promise<{
  readonly versionId: string;
  readonly additionalVersionWeight: Readonly<Record<string, number>>;
}> {
  const { data } = await fc.getAlias(service, 'PROD');
  const { versionId, additionalVersionWeight } = data as {
    readonly versionId: string;
    readonly additionalVersionWeight: Readonly<Record<string, number>> | null;
  };
  return { versionId, additionalVersionWeight: additionalVersionWeight ?? {} };
}
