/** How a function fails (runtimes.md §11): the kind of the error, its document, and what becomes of the instance. */
import { expect } from 'vitest';
import { simple, type ConformanceCase } from '../case.ts';

const EXIT =
  /^Process exited unexpectedly before completing request \(duration: \d+ms, maxMemoryUsage: \d+\.\d\dMB\)$/;
const LATE = /^Function timed out after 0\.3 seconds \(maxMemoryUsage: \d+\.\d\dMB\)$/;
/** Error texts are cut at 256 KiB. */
const MAX_TEXT = 256 * 1024;

export const FAILURES: readonly ConformanceCase[] = [
  simple({
    title: 'an exception has message, type and stack',
    fixture: 'throws',
    outcome: 'unhandled-error',
    body: { errorMessage: 'far', stackTrace: expect.any(Array) },
  }),
  simple({
    title: 'an error that the function reports itself is a handled one',
    fixture: 'handled',
    outcome: 'handled-error',
    body: { errorMessage: 'no' },
  }),
  {
    title: 'an exception does not end the instance',
    fixture: 'sometimes',
    check: async (subject) => {
      const revision = await subject.define('sometimes');
      const failed = await subject.invoke(revision, { payload: Buffer.from('fail') });
      const fine = await subject.invoke(revision, { payload: Buffer.from('work') });
      expect(failed.outcome).toBe('unhandled-error');
      subject.expectAnswer(fine, 'ok', 'fine');
      expect(fine.instanceId).toBe(failed.instanceId);
    },
  },
  simple({
    title: 'a value that is no JSON',
    fixture: 'notJson',
    outcome: 'unhandled-error',
    body: { errorMessage: expect.any(String) },
  }),
  {
    title: 'a long message is cut with a mark',
    fixture: 'longMessage',
    check: async (subject) => {
      const result = await subject.run('longMessage');
      expect(result.outcome).toBe('unhandled-error');
      const { errorMessage } = JSON.parse(result.body.toString()) as { errorMessage: string };
      expect(errorMessage.length).toBeLessThanOrEqual(MAX_TEXT + 16);
      expect(errorMessage).toMatch(/x\.\.\.\[cut\]$/);
    },
  },
  simple({
    title: 'a message keeps its quotes, letters and line breaks',
    fixture: 'oddMessage',
    outcome: 'unhandled-error',
    body: { errorMessage: '"é"\nend' },
  }),
  simple({
    title: 'a handler without a member',
    fixture: 'invalidHandler',
    outcome: 'unhandled-error',
    body: { errorMessage: "Invalid handler 'handler'", errorType: 'InvalidHandlerName' },
  }),
  simple({
    title: 'a handler of a file that is not there',
    fixture: 'moduleMissing',
    outcome: 'unhandled-error',
    body: { errorType: 'ImportModuleError' },
  }),
  simple({
    title: 'a handler that its file does not have',
    fixture: 'memberMissing',
    outcome: 'unhandled-error',
    body: { errorType: 'HandlerNotFound' },
  }),
  simple({
    title: 'a library that is not there',
    fixture: 'dependencyMissing',
    outcome: 'unhandled-error',
    body: { errorType: 'ImportModuleError' },
  }),
  simple({
    title: 'code that cannot be parsed',
    fixture: 'syntaxError',
    outcome: 'unhandled-error',
    body: { errorType: 'UserCodeSyntaxError' },
  }),
  simple({
    title: 'an exception while loading',
    fixture: 'loadThrows',
    outcome: 'unhandled-error',
    body: { errorMessage: 'at load' },
  }),
  {
    title: 'code that could not be loaded is tried again by the next call',
    fixture: 'loadThrows',
    check: async (subject) => {
      const revision = await subject.define('loadThrows');
      const first = await subject.invoke(revision);
      const second = await subject.invoke(revision);
      expect(second.body.toString()).toBe(first.body.toString());
    },
  },
  {
    title: 'an exit in a call is said, and the next call gets a new instance',
    fixture: 'exits',
    check: async (subject) => {
      const revision = await subject.define('exits');
      const first = await subject.invoke(revision);
      subject.expectAnswer(first, 'unhandled-error', { errorMessage: expect.stringMatching(EXIT) });
      expect(first.log.toString()).toContain(', Error: Process exited with code 3\n');
      expect((await subject.invoke(revision)).instanceId).not.toBe(first.instanceId);
    },
  },
  {
    title: 'a death by signal is said with its name',
    fixture: 'killed',
    check: async (subject) => {
      const result = await subject.run('killed');
      subject.expectAnswer(result, 'unhandled-error', { errorMessage: expect.stringMatching(EXIT) });
      expect(result.log.toString()).toContain(', Error: Process exited with signal SIGKILL\n');
    },
  },
  {
    title: 'the time limit ends the call and its instance',
    fixture: 'waits',
    check: async (subject) => {
      const revision = await subject.define('waits', { timeoutMs: 300 });
      const first = await subject.invoke(revision);
      subject.expectAnswer(first, 'unhandled-error', { errorMessage: expect.stringMatching(LATE) });
      expect(first.log.toString()).toContain(', Error: Function timed out after 0.3 seconds\n');
      expect((await subject.invoke(revision)).instanceId).not.toBe(first.instanceId);
    },
  },
  {
    title: 'more memory than it may is said like an exit, and the log names the limit',
    fixture: 'devours',
    limited: true,
    check: async (subject) => {
      const revision = await subject.define('devours', { timeoutMs: 30_000 });
      const first = await subject.invoke(revision);
      subject.expectAnswer(first, 'unhandled-error', { errorMessage: expect.stringMatching(EXIT) });
      expect(first.log.toString()).toContain(', Error: Function exceeded memory limit of 128 MB\n');
      expect((await subject.invoke(revision)).instanceId).not.toBe(first.instanceId);
    },
  },
  simple({
    title: 'the time limit holds for a loop that never yields',
    fixture: 'spins',
    settings: { timeoutMs: 300 },
    outcome: 'unhandled-error',
    body: { errorMessage: expect.stringMatching(LATE) },
  }),
];
