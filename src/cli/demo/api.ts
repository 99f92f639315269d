/** The few calls of Sluice's own HTTP API that the sample makes, with the administrator's token. */
import type { EventView, ReleaseSummary, ReleaseView } from '../../api/views.ts';

export interface SampleApi {
  createProject(project: {
    name: string;
    repository: string;
    provider: 'generic';
    webhookSecret: string;
  }): Promise<void>;
  /** The release of a commit; waits up to 10 s for it to appear. */
  releaseOf(project: string, commit: string): Promise<ReleaseSummary>;
  release(id: string): Promise<ReleaseView>;
  /** Events of a release after the event `after`, oldest first. */
  events(id: string, after: number): Promise<readonly EventView[]>;
  approve(id: string, step: number, comment: string): Promise<void>;
}

export function createSampleApi(url: string, token: string): SampleApi {
  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text) as T;
  }

  return {
    createProject: async (project) => void (await call('POST', '/api/v1/projects', project)),
    releaseOf: async (project, commit) => {
      const deadline = Date.now() + 10_000;
      for (;;) {
        const { releases } = await call<{ releases: ReleaseSummary[] }>(
          'GET',
          `/api/v1/releases?project=${project}&commit=${commit}`,
        );
        if (releases[0]) return releases[0];
        if (Date.now() > deadline) throw new Error(`the push of ${commit} led to no release`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    release: (id) => call('GET', `/api/v1/releases/${id}`),
    events: async (id, after) =>
      (await call<{ events: EventView[] }>('GET', `/api/v1/releases/${id}/events?after=${after}`)).events,
    approve: async (id, step, comment) =>
      void (await call('POST', `/api/v1/releases/${id}/approve`, { step, comment })),
  };
}
