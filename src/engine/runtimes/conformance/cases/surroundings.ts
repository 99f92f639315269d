/** What a function finds around itself: environment, folders, user (runtimes.md §1, §9). */
import { expect } from 'vitest';
import { simple, type ConformanceCase } from '../case.ts';
import type { Subject } from '../subject.ts';

async function environmentOf(subject: Subject, environment = {}): Promise<Record<string, string>> {
  const revision = await subject.define('environment', { environment, versionId: '4' });
  const { body, outcome } = await subject.invoke(revision, { qualifier: 'PROD' });
  expect(outcome).toBe('ok');
  return JSON.parse(body.toString()) as Record<string, string>;
}

export const SURROUNDINGS: readonly ConformanceCase[] = [
  {
    title: 'the environment is that of the contract, and nothing of the host is in it',
    fixture: 'environment',
    check: async (subject) => {
      const env = await environmentOf(subject);
      expect(env).toEqual({
        FC_FUNC_CODE_PATH: '/code/',
        FC_SERVER_PORT: '9000',
        FC_FUNCTION_NAME: expect.stringMatching(/^f\d+$/),
        FC_FUNCTION_HANDLER: subject.fixture('environment').handler ?? subject.language.handler,
        FC_FUNCTION_MEMORY_SIZE: '128',
        FC_SERVICE_NAME: 'shop',
        FC_ACCOUNT_ID: '1234567890123456',
        FC_REGION: 'cn-test',
        FC_QUALIFIER: 'PROD',
        FC_VER_ID: '4',
        FC_INSTANCE_ID: expect.stringMatching(/^c-[0-9a-f]{24}$/),
        FC_RUNTIME_VERSION: expect.stringMatching(/./),
        LANG: 'C.UTF-8',
        HOME: '/tmp',
        TZ: 'UTC',
        LD_LIBRARY_PATH: '/code:/code/lib:/usr/local/lib:/opt/lib',
        PATH: expect.stringMatching(/\/usr\/bin:.*:\/code:\/code\/node_modules\/\.bin:\/opt\/bin$/),
        ...subject.language.environment,
      });
    },
  },
  {
    title: "the function's own variables win, and keep every byte",
    fixture: 'environment',
    check: async (subject) => {
      const own = { TZ: 'Asia/Shanghai', HOME: '/tmp/home', ODD: `'"$(id)\n\\é=` };
      expect(await environmentOf(subject, own)).toMatchObject(own);
    },
  },
  simple({ title: 'the working directory is the code folder', fixture: 'folder', body: '/code' }),
  simple({ title: 'the code cannot be changed', fixture: 'writeCode', body: 'refused' }),
  simple({ title: '/tmp can be written', fixture: 'writeTmp', body: 'kept' }),
  simple({ title: 'the user is the plain one of the contract', fixture: 'user', body: '10003 10003' }),
];
