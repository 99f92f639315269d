import { expect, test, vi } from 'vitest';
import { ownFunctionRunner } from '../../../test/support/function-runner.ts';
import { childrenOf, helperPid } from '../../../test/support/helper-pid.ts';

const CODE = `exports.handler = (event, context, callback) => {
  console.log('here');
  if (String(event) !== 'stay') callback(null, 'gone');
};`;

test('what starts sandboxes is killed: calls in them end as with their process, the next ones are answered', async () => {
  const functions = ownFunctionRunner();
  const ask = (revision: ReturnType<typeof functions.define>, event: string) =>
    functions.invoke(revision, { payload: Buffer.from(event) });
  const revision = await vi.waitFor(
    async () => {
      const started = functions.define(CODE);
      await ask(started, 'go');
      expect(childrenOf(helperPid('launcher.pl')), 'the engine started it itself').not.toBe('');
      return started;
    },
    { timeout: 10_000 },
  );
  const staying = ask(revision, 'stay');
  await vi.waitFor(() =>
    expect(functions.lines(revision).filter((line) => line.endsWith('here'))).toHaveLength(2),
  );
  process.kill(helperPid('launcher.pl'), 'SIGKILL');
  const { outcome, body } = await staying;
  expect(outcome).toBe('unhandled-error');
  expect(JSON.parse(String(body))).toMatchObject({ errorMessage: expect.stringContaining('Process exited') });
  await expect(ask(revision, 'go')).resolves.toMatchObject({ outcome: 'ok', coldStart: true });
  // Another one is there for what starts later.
  await vi.waitFor(() => helperPid('launcher.pl'));
});
