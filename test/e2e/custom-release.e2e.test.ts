/** Pushes of a function that brings its own server, all the way: what runs is its own program, what is judged its answers. */
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api } from '../support/api.ts';
import { startCustomers } from '../support/customers.ts';
import { createGitProject } from '../support/git-project.ts';
import { aliasOf } from '../support/sdk.ts';
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

const server = (tag: string) => `const { createServer } = require('node:http');
createServer((request, response) => {
  request.resume().on('end', () => response.end(JSON.stringify({ tag: '${tag}', args: process.argv.slice(2) })));
}).listen(process.env.FC_SERVER_PORT);
`;

const files = (tag: string, settings: string) => ({
  's.yml': `edition: 1.0.0
name: own
services:
  own:
    component: fc
    props:
      region: cn-local
      service:
        name: own
      function:
        name: greet
        runtime: custom
        codeUri: ./code
        instanceConcurrency: 10
${settings}`,
  'sluice.yml':
    'version: 1\nenvironments:\n  production:\n    branches: [main]\n    steps: [{weight: 30%, hold: 6s}]\n    bake: 0s\n',
  'code/server.js': server(tag),
});

const ask = async (): Promise<unknown> => {
  const { data } = await fc.invokeFunction('own', 'greet', Buffer.alloc(0), {}, 'PROD', { rawBuf: true });
  return JSON.parse(String(data));
};

test('the first goes live, the second step by step, with other settings, without a failed call', async () => {
  const project = await createGitProject(api, repositories, 'own');
  const bootstrap = { 'code/bootstrap': '#!/bin/sh\nexec node server.js by-bootstrap\n' };
  const first = await project.push({ ...files('v1', ''), ...bootstrap }, 'First');
  await api.until(first.id, ['promoted'], 90_000);
  expect(await ask()).toEqual({ tag: 'v1', args: ['by-bootstrap'] });

  const customers = startCustomers({
    client: fc,
    service: 'own',
    alias: 'PROD',
    function: 'greet',
    perSecond: 20,
    most: 2_000,
  });
  try {
    const settings =
      '        caPort: 8080\n        customRuntimeConfig: {command: [node], args: [server.js, by-command]}\n';
    const second = await project.push(files('v2', settings), 'Second');
    const promoted = await api.until(second.id, ['promoted'], 90_000);
    const events = await api.events(promoted.id);
    expect(events.flatMap(({ event }) => (event.type === 'traffic' ? [event.weight] : []))).toEqual([0.3, 1]);
    const versions = events.find(({ event }) => event.type === 'versions')?.event;
    expect(versions).toMatchObject({
      difference: [
        {
          functions: [
            {
              settings: [
                { member: 'caPort', from: 9_000, to: 8_080 },
                { member: 'customRuntimeConfig.command', from: '[]', to: '["node"]' },
                { member: 'customRuntimeConfig.args', from: '[]', to: '["server.js","by-command"]' },
              ],
            },
          ],
        },
      ],
    });
  } finally {
    await customers.stop();
  }
  for (const version of ['1', '2']) {
    expect(customers.byVersion.get(version)?.failures).toBe(0);
    expect(customers.byVersion.get(version)?.requests).toBeGreaterThan(0);
  }
  expect(await aliasOf(fc, 'own')).toMatchObject({ versionId: '2', additionalVersionWeight: {} });
  expect(await ask()).toEqual({ tag: 'v2', args: ['by-command'] });
}, 240_000);
