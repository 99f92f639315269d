import { pino } from 'pino';
import { expect, test } from 'vitest';
import { poll } from '../../test/support/stack.ts';
import { startTestPostgres } from '../../test/support/postgres.ts';
import { createPool } from './database.ts';

test('a connection that is lost between two queries of a transaction is told, and does not end the process', async () => {
  const postgres = await startTestPostgres();
  const told: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void told.push(line) });
  const pool = createPool(
    { url: postgres.url, schema: 'public', maxConnections: 2, applicationName: 'test' },
    log,
  );
  const client = await pool.connect();
  await client.query('begin');
  await postgres.crash();
  // Nobody waits for an answer now: without a listener of its own the client's error would be nobody's.
  await poll('the loss to be told', () => told.some((line) => line.includes('connection was lost')));
  client.release(true);
  await pool.end();
  await postgres.start();
  await postgres.stop();
  expect(told.some((line) => line.includes('"level":40'))).toBe(true);
}, 60_000);
