/** A whole Sluice for the tests of a file, with what they speak to it by. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type FC from '@alicloud/fc2';
import { createApi, type Api } from './api.ts';
import { sdkOf } from './sdk.ts';
import { startStack, type Stack, type StackOptions } from './stack.ts';

export interface Sluice {
  readonly stack: Stack;
  /** As the administrator. */
  readonly api: Api;
  readonly fc: FC;
  /** Where repositories may be made that a project names by a plain path. */
  readonly repositories: string;
}

/** Stop its stack in the end. */
export async function startSluice(options: StackOptions = {}): Promise<Sluice> {
  const stack = await startStack(options);
  const repositories = join(stack.home, 'demo');
  mkdirSync(repositories, { recursive: true });
  return { stack, api: createApi(stack.url, stack.credentials.adminToken), fc: sdkOf(stack), repositories };
}

export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** The command line as people run it, against this stack as its administrator. */
export function commandLine({ url, env, credentials }: Stack, ...args: string[]): Promise<Ended> {
  const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
  const settings = { ...env, SLUICE_URL: url, SLUICE_TOKEN: credentials.adminToken };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: settings }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}
