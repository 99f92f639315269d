/** Sluice's HTTP API as a test calls it: with the administrator's token, failing on every answer that is not 2xx. */
import { setTimeout as pause } from 'node:timers/promises';
import type { EventView, ReleaseView } from '../../src/api/views.ts';

export interface Api {
  readonly url: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  /** Without the check of the status. */
  request(method: string, path: string, body?: object): Promise<Response>;
  /** Polls until the release is in one of the states; fails at the first end state that is not among them. */
  until(id: string, states: readonly string[], withinMs: number): Promise<ReleaseView>;
  events(id: string): Promise<EventView[]>;
}

export function createApi(url: string, token: string): Api {
  const request = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await request(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text) as T;
  }
  const api: Api = {
    url,
    request,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    events: async (id) =>
      (await call<{ events: EventView[] }>('GET', `/api/v1/releases/${id}/events`)).events,
    until: async (id, states, withinMs) => {
      const deadline = Date.now() + withinMs;
      for (;;) {
        // A part that was just killed may refuse a call; the release must not mind, so neither does the test.
        const release = await api.get<ReleaseView>(`/api/v1/releases/${id}`).catch(() => undefined);
        if (release && states.includes(release.state)) return release;
        if (release && release.endedAt !== null)
          throw new Error(
            `release ended ${release.state}: ${release.sentence ?? ''}\n${await story(api, id)}`,
          );
        if (Date.now() > deadline)
          throw new Error(
            `release is ${release?.state ?? 'unreadable'}, not ${states.join(' or ')}, after ${withinMs} ms\n${await story(api, id)}`,
          );
        await pause(100);
      }
    },
  };
  return api;
}

async function story(api: Api, id: string): Promise<string> {
  const events = await api.events(id).catch(() => []);
  return events.map((event) => `${event.at} ${event.text}`).join('\n');
}
