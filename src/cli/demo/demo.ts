/**
 * The sample, told on the terminal: one function, three pushes, and customers who call it all the while. Everything
 * goes through Sluice's public faces (git push, webhook, HTTP API, FC API); what is shown as measured was counted from
 * the answers that these requests got.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../../platform/config.ts';
import type { Credentials } from '../../platform/credentials.ts';
import { createSampleApi, type SampleApi } from './api.ts';
import { tellRelease } from './chapter.ts';
import { createPage, type Page } from './page.ts';
import { createSampleRepository, type SampleRepository } from './repository.ts';
import { REQUESTS_PER_SECOND, startTraffic, type Traffic } from './traffic.ts';

const PROJECT = 'hello';
const TARGET = { service: 'hello', alias: 'PROD', function: 'greet' };

export interface DemoOptions {
  readonly config: Config;
  readonly credentials: Credentials;
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/**
 * Plays the sample once.
 *
 * @throws Error when a release of the sample does not end as it should; the message says which and how it ended
 */
export async function runDemo({ config, credentials, out }: DemoOptions): Promise<void> {
  const page = createPage(out, Boolean(out.isTTY) && !process.env['NO_COLOR'], out.columns ?? 100);
  const url = `http://127.0.0.1:${config.port}`;
  const api = createSampleApi(url, credentials.adminToken);
  const secret = randomBytes(24).toString('base64url');
  const repository = await createSampleRepository(
    join(config.home, 'demo'),
    `${url}/webhooks/generic/${PROJECT}`,
    secret,
  );
  await api.createProject({
    name: PROJECT,
    repository: repository.path,
    provider: 'generic',
    webhookSecret: secret,
  });

  page.intro('The sample: one function, three git pushes, and customers who call it all the while.');
  const story: Story = { page, api, repository };
  await tellPush(story, 1, 'promoted', undefined);

  const traffic = startTraffic(config, credentials, TARGET);
  try {
    page.line(
      'customers',
      `${REQUESTS_PER_SECOND} requests a second to ${TARGET.service}.${TARGET.alias} from now on`,
      'plain',
    );
    await tellPush(story, 2, 'promoted', traffic);
    await tellPush(story, 3, 'rolled-back', traffic);
    page.blank();
    page.line(
      'at the end',
      `the FC API says ${TARGET.alias} → ${await traffic.alias()}; ${traffic.lost() === 0 ? 'no request went unanswered' : `${traffic.lost()} requests went unanswered`}`,
      'good',
    );
  } finally {
    await traffic.stop();
  }
  page.blank();
}

interface Story {
  readonly page: Page;
  readonly api: SampleApi;
  readonly repository: SampleRepository;
}

async function tellPush(
  { page, api, repository }: Story,
  number: 1 | 2 | 3,
  expected: string,
  traffic: Traffic | undefined,
): Promise<void> {
  const pushed = await repository.push(number);
  const release = await api.releaseOf(PROJECT, pushed.commit);
  page.chapter(`Push ${number}`, `“${pushed.message}”`);
  page.line('git push', `${pushed.commit.slice(0, 7)} on main → ${release.url}`);
  const state = await tellRelease({ page, api, releaseId: release.id, traffic });
  if (state !== expected)
    throw new Error(`push ${number} of the sample ended ${state}, expected ${expected}; see ${release.url}`);
}
