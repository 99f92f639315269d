import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTemporalConnection } from './temporal-connection.ts';

test('closes in the middle of repeated calls without an error that nobody can catch', async () => {
  const uncaught: unknown[] = [];
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  try {
    // Port 1 refuses at once, so the SDK is between two tries when the connection is closed.
    const connection = createTemporalConnection('127.0.0.1:1');
    connection.connection.workflowService.getSystemInfo({}).catch(() => undefined);
    await pause(300);
    await connection.close();
    // Until the last timer that may have been set has fired.
    await pause(700);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of others) process.on('uncaughtException', listener);
  }
  expect(uncaught).toEqual([]);
});
