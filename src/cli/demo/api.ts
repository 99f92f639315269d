/** The few calls of Sluice's own HTTP API that the sample makes, with the administrator's token. */
import type { EventView, ReleaseList, ReleaseSummary, ReleaseView } from '../../api/views.ts';
import { createApiClient } from '../client/api-client.ts';

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
  const client = createApiClient({ url, token });
  return {
    createProject: async (project) => void (await client.post('/api/v1/projects', project)),
    releaseOf: async (project, commit) => {
      const deadline = Date.now() + 10_000;
      for (;;) {
        const { releases } = await client.get<ReleaseList>('/api/v1/releases', { project, commit });
        if (releases[0]) return releases[0];
        if (Date.now() > deadline) throw new Error(`the push of ${commit} led to no release`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    release: (id) => client.get(`/api/v1/releases/${id}`),
    events: async (id, after) =>
      (await client.get<{ events: EventView[] }>(`/api/v1/releases/${id}/events`, { after })).events,
    approve: async (id, step, comment) =>
      void (await client.post(`/api/v1/releases/${id}/approve`, { step, comment })),
  };
}
