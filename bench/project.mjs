/** Projects of a measurement: a repository of its own with some commits, known to the Sluice that is measured. */
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drive } from './load.mjs';
import { request } from './requests.mjs';

const SECRET = randomBytes(16).toString('hex');
const HELLO = join(import.meta.dirname, '../examples/hello');

/**
 * A repository with all its commits, of which nobody has told Sluice yet.
 *
 * @param {{name: string, plan: string[], commits: number, code?: (number: number) => string}} options `plan`: lines of the environment in `sluice.yml`; `code`: the function's file at each commit, else the sample's
 * @returns {Promise<{name: string, commits: string[], ids: string[]}>} `ids` are the releases told by `push`
 */
export async function createProject(stack, api, { name, plan, commits, code }) {
  const folder = join(stack.home, 'demo', name);
  const env = {
    PATH: process.env.PATH,
    HOME: stack.home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  const git = (...args) => execFileSync('git', args, { cwd: folder, env, encoding: 'utf8' }).trim();
  mkdirSync(folder, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Bench');
  git('config', 'user.email', 'bench@sluice.invalid');
  cpSync(join(HELLO, 'code'), join(folder, 'code'), { recursive: true });
  const manifest = readFileSync(join(HELLO, 's.yml'), 'utf8').replaceAll(
    /(name:|^ {2})( ?)hello/gm,
    `$1$2${name}`,
  );
  writeFileSync(join(folder, 's.yml'), manifest);
  const head = 'version: 1\nenvironments:\n  production:\n    branches: [main]\n    alias: PROD\n';
  writeFileSync(join(folder, 'sluice.yml'), head + plan.map((line) => `    ${line}\n`).join(''));
  const made = [];
  for (let number = 0; number < commits; number += 1) {
    if (code) writeFileSync(join(folder, 'code/index.js'), code(number));
    else writeFileSync(join(folder, 'code/number.js'), `module.exports = ${number};\n`);
    git('add', '--all');
    git('commit', '--quiet', '--message', `Push ${number}`);
    made.push(git('rev-parse', 'HEAD'));
  }
  return { ...(await registerProject(api, name, folder)), commits: made };
}

/** Makes a repository's folder known as a project, of which `push` can tell. */
export async function registerProject(api, name, repository) {
  await api('POST', '/api/v1/projects', { name, repository, provider: 'generic', webhookSecret: SECRET });
  return { name, ids: [] };
}

/** Tells of a commit as a push to `main`; returns how long the answer took, in milliseconds. */
export async function push(stack, project, commit) {
  const [tookMs] = await pushAll(stack, project, [commit]);
  return tookMs;
}

/**
 * The same of several, one after another over one connection; who gives the answers shares the cores with who sends.
 *
 * @param {string} [branch] another than `main` is released by no environment here
 */
export async function pushAll(stack, project, commits, branch = 'main') {
  const times = [];
  await drive({
    port: stack.port,
    connections: 1,
    requests: commits.map((commit) => told(project, commit, branch)),
    total: commits.length,
    onAnswer: (status, ms, answer) => {
      const text = answer.toString();
      const [, id] = /"id":"(\w{26})"/.exec(text) ?? [];
      if (status !== 202 || (id === undefined) === (branch === 'main'))
        throw new Error(`the webhook answered ${text}`);
      if (id !== undefined) project.ids.push(id);
      times.push(ms);
    },
  });
  return times;
}

function told({ name }, commit, branch) {
  const body = Buffer.from(
    JSON.stringify({ ref: `refs/heads/${branch}`, commit, pushedAt: new Date().toISOString() }),
  );
  const headers = {
    host: 'bench',
    'content-type': 'application/json',
    'x-sluice-delivery': randomUUID(),
    'x-sluice-signature': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  };
  return request('POST', `/webhooks/generic/${name}`, headers, body);
}
