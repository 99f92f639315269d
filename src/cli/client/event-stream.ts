/**
 * The live events (server-sent events) of the API. A broken connection is opened again after the last event that
 * arrived, so a reader sees each event once, whatever restarts in between.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { EventView } from '../../api/views.ts';
import type { ApiClient } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { EXIT } from '../exit-codes.ts';

const RETRY_MS = 1_000;
/** A server that stays away for longer is reported. */
const PATIENCE_MS = 60_000;

/** Events of one release from its first one on, until the caller stops reading or `signal` is aborted. */
export async function* releaseEvents(
  client: ApiClient,
  releaseId: string,
  signal: AbortSignal,
  retryMs: number = RETRY_MS,
): AsyncGenerator<EventView, void, undefined> {
  let lastId = 0;
  let lostAt = 0;
  while (!signal.aborted) {
    try {
      const query = new URLSearchParams({ release: releaseId, after: String(lastId) });
      const answer = await client.open(
        `/api/v1/events?${query.toString()}`,
        { accept: 'text/event-stream', 'last-event-id': String(lastId) },
        signal,
      );
      lostAt = 0;
      for await (const data of serverSentData(answer)) {
        const event = JSON.parse(data) as EventView;
        if (event.id <= lastId || event.releaseId !== releaseId) continue;
        lastId = event.id;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof CommandError && error.exitCode !== EXIT.unreachable) throw error;
      lostAt ||= Date.now();
      if (Date.now() - lostAt > PATIENCE_MS) throw error;
    }
    await pause(retryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The `data` of each message; comments and other fields are dropped (WHATWG HTML §9.2.6). */
export async function* serverSentData(answer: Response): AsyncGenerator<string, void, undefined> {
  if (!answer.body) return;
  const decoder = new TextDecoder();
  let buffer = '';
  let data: string[] = [];
  for await (const chunk of answer.body) {
    buffer += decoder.decode(chunk as Uint8Array, { stream: true });
    const lines = buffer.split(/\r\n|\n|\r(?!$)/);
    buffer = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield data.join('\n');
        data = [];
      } else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
    }
  }
}
