import { expect, test } from 'vitest';
import { createTemporalConnection } from './temporal-connection.ts';

test('closes in the middle of repeated calls without an error that nobody can catch', async () => {
  // Port 1 refuses at once, so the SDK is between two tries when the connection is closed.
  const { connection, close } = createTemporalConnection('127.0.0.1:1');
  const call = connection.withDeadline(Date.now() + 60, () => connection.workflowService.getSystemInfo({}));
  await expect(call).rejects.toThrow();
  await close();
  // An error from a late timer would fail the whole run, not this test: wait until none can come.
  await new Promise((resolve) => setTimeout(resolve, 700));
});
