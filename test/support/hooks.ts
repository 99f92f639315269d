/** The life of an instance with both hooks, as its log tells it. */
import { expect } from 'vitest';
import type { Revision } from '../../src/engine/invoke/contract.ts';
import type { FunctionRunner } from './function-runner.ts';

/** Calls the function, waits until its preFreeze is over, and ends its instance. The runner's `freezeMs` is 0. */
export async function logOfLife(functions: FunctionRunner, revision: Revision): Promise<string[]> {
  await functions.invoke(revision);
  await expect
    .poll(() => functions.lines(revision), { timeout: 10_000 })
    .toContainEqual(expect.stringMatching('^FC PreFreeze End '));
  functions.runner.retire(revision.key);
  await expect.poll(() => functions.runner.stats.instances, { timeout: 10_000 }).toBe(0);
  return functions.lines(revision);
}

/** Expects of a function whose hooks say how often its handler's object was called, that they are asked of that object. */
export async function expectHooksOfOneObject(functions: FunctionRunner, revision: Revision): Promise<void> {
  const lines = await logOfLife(functions, revision);
  const from = lines.findIndex((line) => line.startsWith('FC PreFreeze Start '));
  const id = '[0-9a-f-]{36}';
  expect(lines.slice(from)).toEqual([
    expect.stringMatching(`^FC PreFreeze Start RequestId: ${id}$`),
    `freezing ${revision.function} after 1`,
    expect.stringMatching(`^FC PreFreeze End RequestId: ${id}$`),
    expect.stringMatching(`^FC PreStop Start RequestId: ${id}$`),
    `stopping ${revision.function} after 1`,
    expect.stringMatching(`^FC PreStop End RequestId: ${id}$`),
  ]);
}
