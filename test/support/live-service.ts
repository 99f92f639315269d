/** A project whose version 1 is live, for tests of what happens to its next push: push, customers, and its alias. */
import { join } from 'node:path';
import type FC from '@alicloud/fc2';
import type { ReleaseView } from '../../src/api/views.ts';
import type { Api } from './api.ts';
import { startCustomers, type Customers, type CustomerOptions } from './customers.ts';
import { functionFiles, type FunctionFiles } from './function-files.ts';
import { createGitProject, type GitProject } from './git-project.ts';
import { aliasOf } from './sdk.ts';
import { poll, type Stack } from './stack.ts';

export interface LiveService {
  readonly project: GitProject;
  /** Pushes the next version with this handler. */
  push(handler: FunctionFiles['handler'], message: string): Promise<ReleaseView>;
  /** Customers who call the alias until they are stopped; tests of one stack share the machine, so they are few. */
  customers(options?: Partial<Pick<CustomerOptions, 'perSecond' | 'more'>>): Customers;
  /** The alias as Function Compute has it: main version, and the weights of the others. */
  alias(): Promise<{ readonly main: string; readonly others: Readonly<Record<string, number>> }>;
  /** Resolves when version `version` has this weight at the alias. */
  untilWeight(version: string, weight: number): Promise<void>;
}

export interface LiveServiceOptions extends Pick<FunctionFiles, 'service' | 'steps' | 'more'> {
  readonly stack: Stack;
  readonly api: Api;
  readonly fc: FC;
  /** Of version 1; `good` unless told otherwise. */
  readonly handler?: FunctionFiles['handler'];
}

const END_MS = 120_000;

export async function startLiveService(options: LiveServiceOptions): Promise<LiveService> {
  const { stack, api, fc, service, steps, more = [], handler = 'good' } = options;
  const project = await createGitProject(api, join(stack.home, 'demo'), service);
  let count = 0;
  const push = (next: FunctionFiles['handler'], message: string): Promise<ReleaseView> => {
    count += 1;
    return project.push(functionFiles({ service, handler: next, tag: `v${count}`, steps, more }), message);
  };
  const alias = async () => {
    const { versionId: main, additionalVersionWeight: others } = await aliasOf(fc, service);
    return { main, others };
  };
  await api.until((await push(handler, 'First')).id, ['promoted'], END_MS);
  return {
    project,
    push,
    customers: ({ perSecond = 20, more: bring } = {}) =>
      startCustomers({
        client: fc,
        service,
        alias: 'PROD',
        function: 'greet',
        perSecond,
        most: 200 * perSecond,
        ...(bring && { more: bring }),
      }),
    alias,
    untilWeight: (version, weight) =>
      poll(
        `${service} to give ${weight} to version ${version}`,
        async () => (await alias()).others[version] === weight,
        END_MS,
      ),
  };
}
