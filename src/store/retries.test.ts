import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReleaseEvent } from '../domain/release/events.ts';
import { recordEvent } from './events.ts';
import { createRelease } from './releases.ts';
import { retryRelease, type RetryAnswer } from './retries.ts';
import { startTestStore, type TestStore } from '../../test/support/test-store.ts';
import { newRelease } from '../../test/support/new-release.ts';

const ANN = { kind: 'person', name: 'ann', role: 'developer' } as const;
let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
}, 60_000);
afterAll(async () => {
  await store?.close();
});

async function pushed(project: string): Promise<string> {
  const { id } = await createRelease(store.db, newRelease(project, { at: 1 }));
  return id;
}

/** Records the events at rising times, from this sequence number on. */
async function record(releaseId: string, seq: number, ...events: ReleaseEvent[]): Promise<void> {
  for (const [index, event] of events.entries())
    await recordEvent(store.db, { releaseId, seq: seq + index, at: 10 * (seq + index), event });
}

function retry(releaseId: string): Promise<RetryAnswer> {
  return store.db
    .transaction()
    .execute((tx) => retryRelease(tx, { releaseId, actor: ANN, comment: 'again' }));
}

const FAILED: ReleaseEvent = { type: 'failed', stage: 'build', sentence: 'no' };
const REPORTING: ReleaseEvent = { type: 'stage-started', stage: 'report', attempt: 1 };
const REPORTED: ReleaseEvent = { type: 'stage-finished', stage: 'report', durationMs: 1, summary: 'told' };

test('each try must have been reported itself — until then its last events need the next numbers', async () => {
  const id = await pushed('reported');
  await record(id, 1, FAILED);
  expect(await retry(id)).toEqual({ kind: 'still-ending' });
  await record(id, 2, REPORTING, REPORTED);
  expect(await retry(id)).toEqual({ kind: 'queued', attempt: 2 });
  const [started, failed] = [{ type: 'started' } as const, FAILED];
  const seq = 5;
  const later = Date.now();
  for (const [index, event] of [started, failed].entries())
    await recordEvent(store.db, { releaseId: id, seq: seq + index, at: later + index, event });
  expect(await retry(id)).toEqual({ kind: 'still-ending' });
  for (const [index, event] of [REPORTING, REPORTED].entries())
    await recordEvent(store.db, { releaseId: id, seq: seq + 2 + index, at: later + 2 + index, event });
  expect(await retry(id)).toEqual({ kind: 'queued', attempt: 3 });
});

test('no release is tried again past a newer one, be it live or on its way — it would take that one back', async () => {
  const id = await pushed('newer');
  await record(id, 1, FAILED, REPORTING, REPORTED);
  const newer = await pushed('newer');
  expect(await retry(id)).toEqual({ kind: 'newer-under-way', number: 2 });
  await record(newer, 1, { type: 'started' });
  expect(await retry(id)).toEqual({ kind: 'newer-under-way', number: 2 });
  await record(newer, 2, FAILED);
  expect(await retry(id)).toEqual({ kind: 'queued', attempt: 2 });
});
