/**
 * Recorded histories of workflows, one per way to end. They are replayed with today's code: a change that would break
 * releases which are under way fails. Add new ones, never rewrite old ones:
 * `SLUICE_RECORD_HISTORIES=1 npx vitest run test/workflows/release.test.ts` writes those that are missing.
 *
 * A form of our own, because the SDK's JSON conversion needs all its packages to share one copy of protobufjs: the
 * history's fields as they are, bytes as `{bytes: base64}`, 64-bit numbers as plain ones.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';

const FOLDER = join(import.meta.dirname, '..', 'histories');

/** Writes the history, unless there is one of that name or nobody asked for it. */
export async function keepHistory(client: Client, name: string, workflowId: string): Promise<void> {
  const path = join(FOLDER, `${name}.json`);
  if (!process.env['SLUICE_RECORD_HISTORIES'] || existsSync(path)) return;
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  mkdirSync(FOLDER, { recursive: true });
  const events = (history.events ?? []).map((event) => JSON.stringify(toPlain(event)));
  writeFileSync(path, `{"events": [\n${events.join(',\n')}\n]}\n`);
}

export interface RecordedHistory {
  readonly name: string;
  readonly history: object;
}

export function recordedHistories(): RecordedHistory[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      history: fromPlain(JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))) as object,
    }));
}

function toPlain(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(toPlain);
  if ('toNumber' in value && typeof value.toNumber === 'function') return value.toNumber() as number;
  // Stack traces hold the paths of the machine that recorded; replay does not read them.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, part]) => key !== 'stackTrace' && part !== null && part !== undefined)
      .map(([key, part]) => [key, toPlain(part)]),
  );
}

function fromPlain(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(fromPlain);
  if ('bytes' in value && typeof value.bytes === 'string') return Buffer.from(value.bytes, 'base64');
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fromPlain(part)]));
}
