/** A push of a Python function, all the way: another language than the build was made for, nothing else. */
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api } from '../support/api.ts';
import { createGitProject } from '../support/git-project.ts';
import { type Stack } from '../support/stack.ts';
import { startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;
let repositories: string;

beforeAll(async () => {
  ({ stack, api, fc, repositories } = await startSluice());
}, 120_000);
afterAll(() => stack?.stop(), 30_000);

const files = (tag: string) => ({
  's.yml': `edition: 1.0.0
name: snake
services:
  snake:
    component: fc
    props:
      region: cn-local
      service:
        name: snake
      function:
        name: greet
        runtime: python3
        handler: index.handler
        codeUri: ./code
`,
  'sluice.yml':
    'version: 1\nenvironments:\n  production:\n    branches: [main]\n    alias: PROD\n    steps: []\n    bake: 0s\n',
  'code/index.py': `import sys\ndef handler(event, context):\n    return {'tag': '${tag}', 'major': sys.version_info[0]}\n`,
});

test('a Python function is built, published and answers behind its alias', async () => {
  const project = await createGitProject(api, repositories, 'snake');
  const release = await project.push(files('v1'), 'First');
  await api.until(release.id, ['promoted'], 90_000);
  const { data } = await fc.invokeFunction('snake', 'greet', Buffer.alloc(0), {}, 'PROD', { rawBuf: true });
  expect(JSON.parse(String(data))).toEqual({ tag: 'v1', major: 3 });
}, 120_000);
