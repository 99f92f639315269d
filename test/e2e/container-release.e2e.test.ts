/** Pushes of a container function: what moves from version to version is the digest of its image. */
import { execFileSync } from 'node:child_process';
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api } from '../support/api.ts';
import { EVAL_BASE, EVAL_START } from '../support/eval-image.ts';
import { createGitProject } from '../support/git-project.ts';
import { REGISTRY_MISSING, startRegistry, type TestRegistry } from '../support/registry.ts';
import { versionsOf } from '../support/sdk.ts';
import { type Stack } from '../support/stack.ts';
import { startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;
let repositories: string;
let registry: TestRegistry;

const isPossible = REGISTRY_MISSING.length === 0;
beforeAll(async () => {
  if (!isPossible) return;
  registry = await startRegistry();
  ({ stack, api, fc, repositories } = await startSluice());
}, 120_000);
afterAll(async () => {
  registry?.stop();
  await stack?.stop();
}, 30_000);

/** The image's name with its digest. */
async function pushImage(text: string): Promise<string> {
  const name = await registry.push('shop/box:live', {
    layers: [EVAL_BASE, [{ name: 'app/text', content: text }]],
    config: EVAL_START,
  });
  const digest = execFileSync(
    '/usr/bin/skopeo',
    ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${name}`],
    { encoding: 'utf8' },
  ).trim();
  return `${name.replace(/:live$/, '')}@${digest}`;
}

const files = (image: string, timeout: number) => ({
  's.yml': `edition: 1.0.0
name: box
services:
  box:
    component: fc
    props:
      region: cn-local
      service:
        name: box
      function:
        name: read
        runtime: custom-container
        timeout: ${timeout}
        customContainerConfig:
          image: ${image}
`,
  'sluice.yml':
    'version: 1\nenvironments:\n  production:\n    branches: [main]\n    steps: []\n    bake: 0s\n',
});

async function read(qualifier: string): Promise<string> {
  const event = Buffer.from('open(my $f, "<", "/app/text"); <$f>');
  const { data } = await fc.invokeFunction('box', 'read', event, {}, qualifier, { rawBuf: true });
  return String(data);
}

test.skipIf(!isPossible)(
  'each version runs the image of its commit, and the difference names both',
  async () => {
    const project = await createGitProject(api, repositories, 'box');
    const [one, two] = [await pushImage('one'), await pushImage('two')];
    const first = await project.push(files(one, 20), 'First');
    await api.until(first.id, ['promoted'], 90_000);
    expect(await read('PROD')).toBe('one');

    const second = await project.push(files(two, 20), 'Second');
    await api.until(second.id, ['promoted'], 90_000);
    expect([await read('PROD'), await read('1')]).toEqual(['two', 'one']);
    const told = (await api.events(second.id)).find(({ event }) => event.type === 'versions')?.event;
    const digest = (image: string) => image.split('@')[1];
    expect(told).toMatchObject({
      difference: [
        {
          functions: [
            {
              code: { changed: true, from: { digest: digest(one) }, to: { digest: digest(two) } },
              settings: [
                { member: 'customContainerConfig.image', from: one.slice(0, 120), to: two.slice(0, 120) },
              ],
            },
          ],
        },
      ],
    });

    // Settings alone: the same image stays.
    const third = await project.push(files(two, 25), 'Third');
    await api.until(third.id, ['promoted'], 90_000);
    expect([await read('PROD'), await versionsOf(fc, 'box')]).toEqual(['two', ['3', '2', '1']]);

    // Nothing but a commit: nothing is published.
    const fourth = await project.push({ ...files(two, 25), 'README.md': 'words' }, 'Fourth');
    await api.until(fourth.id, ['promoted', 'unchanged'], 90_000);
    expect(await versionsOf(fc, 'box')).toEqual(['3', '2', '1']);

    // An image that nobody pushed: no traffic, and LATEST is back at the one that is live.
    const missing = `${two.split('@')[0]}@sha256:${'0'.repeat(64)}`;
    const fifth = await project.push(files(missing, 25), 'Fifth');
    await api.until(fifth.id, ['failed', 'rolled-back'], 90_000);
    const { data } = await fc.getFunction('box', 'read', {});
    expect(data).toMatchObject({ customContainerConfig: { image: two } });
    expect([await read('PROD'), await read('LATEST')]).toEqual(['two', 'two']);
  },
  240_000,
);
