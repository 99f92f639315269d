/** From `git push` to a published version, warm, for a function without dependencies; holds of the plan aside. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { median } from './load.mjs';

const PUSHES = 5;
const EXAMPLES = join(import.meta.dirname, '../examples');

export async function measurePush(stack, api) {
  const folder = join(stack.home, 'demo');
  const bare = join(folder, 'push.git');
  const clone = join(folder, 'push');
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  const git = (cwd, ...args) => execFileSync('git', args, { cwd, env, encoding: 'utf8' }).trim();
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  git(bare, 'config', 'sluice.webhook', `http://127.0.0.1:${stack.port}/webhooks/generic/push`);
  git(bare, 'config', 'sluice.secret', 'secret-of-the-push-benchmark');
  writeFileSync(
    join(bare, 'hooks/post-receive'),
    readFileSync(join(EXAMPLES, 'hooks/post-receive'), 'utf8').replace(/^#!.*/, `#!${process.execPath}`),
    { mode: 0o755 },
  );
  git(folder, 'init', '--quiet', '--initial-branch=main', clone);
  git(clone, 'config', 'user.name', 'Bench');
  git(clone, 'config', 'user.email', 'bench@sluice.invalid');
  git(clone, 'remote', 'add', 'origin', bare);
  cpSync(join(EXAMPLES, 'hello/code'), join(clone, 'code'), { recursive: true });
  writeFileSync(
    join(clone, 's.yml'),
    readFileSync(join(EXAMPLES, 'hello/s.yml'), 'utf8').replaceAll('name: hello', 'name: push'),
  );
  writeFileSync(
    join(clone, 'sluice.yml'),
    'version: 1\nenvironments:\n  production:\n    branches: [main]\n    alias: PROD\n    preset: all-at-once\n    bake: 0s\n',
  );
  await api('POST', '/api/v1/projects', {
    name: 'push',
    repository: bare,
    provider: 'generic',
    webhookSecret: 'secret-of-the-push-benchmark',
  });

  const times = [];
  for (let index = 0; index < PUSHES + 1; index += 1) {
    writeFileSync(join(clone, 'code/number.js'), `module.exports = ${index};\n`);
    git(clone, 'add', '--all');
    git(clone, 'commit', '--quiet', '--message', `Push ${index}`);
    const began = Date.now();
    git(clone, 'push', '--quiet', 'origin', 'main');
    const published = await publishedAt(api, git(clone, 'rev-parse', 'HEAD'));
    if (index > 0) times.push(published - began);
  }
  return [
    {
      figure: 'git push → version published, warm',
      value: `${(median(times) / 1_000).toFixed(2)} s`,
      aim: '≤ 5 s',
    },
  ];
}

/** When the release's event says that the publish stage ended; then waits for the release's own end. */
async function publishedAt(api, commit) {
  for (let tries = 0; tries < 600; tries += 1) {
    const { releases } = await api('GET', `/api/v1/releases?project=push&commit=${commit}`);
    const release = releases[0];
    if (release?.state === 'failed') throw new Error(`the push failed: ${release.sentence}`);
    if (release?.endedAt) {
      const { events } = await api('GET', `/api/v1/releases/${release.id}/events`);
      return Date.parse(
        events.find(({ event }) => event.type === 'stage-finished' && event.stage === 'publish').at,
      );
    }
    await pause(100);
  }
  throw new Error('the push led to no published version within 60 s');
}
