/** The initializer (runtimes.md §11, §13): once before the first call, and every way in which it can fail. */
import { expect } from 'vitest';
import { simple, type ConformanceCase } from '../case.ts';

/** Any text but the empty one asks for the language's own initializer. */
const initializer = 'yes';

export const INITIALIZER: readonly ConformanceCase[] = [
  {
    title: 'runs once before the first call',
    fixture: 'initialized',
    check: async (subject) => {
      const revision = await subject.define('initialized', { initializer });
      subject.expectAnswer(await subject.invoke(revision), 'ok', '1');
      subject.expectAnswer(await subject.invoke(revision), 'ok', '1');
    },
  },
  simple({ title: 'does not run where none is configured', fixture: 'initialized', body: '0' }),
  simple({
    title: 'its error is the error of the waiting call',
    fixture: 'initializerFails',
    settings: { initializer },
    outcome: 'unhandled-error',
    body: { errorMessage: 'no database' },
    logged: /^FC Initialize End RequestId: \S+, Error: (Handled|Unhandled) function error$/,
  }),
  {
    title: 'after its failure the instance is gone and the next call tries anew',
    fixture: 'initializerFails',
    check: async (subject) => {
      const revision = await subject.define('initializerFails', { initializer });
      const first = await subject.invoke(revision);
      const second = await subject.invoke(revision);
      expect(second.body.toString()).toBe(first.body.toString());
      expect(second.instanceId).not.toBe(first.instanceId);
    },
  },
  simple({
    title: 'its exit is a process exit',
    fixture: 'initializerExits',
    settings: { initializer },
    outcome: 'unhandled-error',
    body: { errorMessage: expect.stringContaining('Process exited unexpectedly') },
    logged: /^FC Initialize End RequestId: \S+, Error: Process exited with code 0$/,
  }),
  simple({
    title: 'its time limit',
    fixture: 'initializerWaits',
    settings: { initializer, initializationTimeoutMs: 200 },
    outcome: 'unhandled-error',
    body: '{"errorMessage":"Function initialization timed out after 0.2 seconds"}',
    logged: /^FC Initialize End RequestId: \S+, Error: Function initialization timed out after 0\.2 seconds$/,
  }),
  simple({
    title: 'one that is not there',
    fixture: 'initializerMissing',
    settings: { initializer },
    outcome: 'unhandled-error',
    body: { errorType: 'HandlerNotFound' },
  }),
  {
    title: 'its context is that of the call that caused the start',
    fixture: 'initializerContext',
    check: async (subject) => {
      const revision = await subject.define('initializerContext', { initializer });
      const result = await subject.invoke(revision, { requestId: 'starter' });
      subject.expectAnswer(result, 'ok', `starter ${revision.function}`);
    },
  },
  {
    title: 'its log stands in brackets of its own, under the id of the call that caused the start',
    fixture: 'initializerPrints',
    check: async (subject) => {
      const revision = await subject.define('initializerPrints', { initializer });
      const { log } = await subject.invoke(revision, { requestId: 'id-1' });
      const lines = log.toString().split('\n');
      const places = [
        'FC Initialize Start RequestId: id-1',
        'preparing',
        'FC Initialize End RequestId: id-1',
        'FC Invoke Start RequestId: id-1',
        'working',
        'FC Invoke End RequestId: id-1',
      ].map((line) => lines.indexOf(line));
      expect(places).not.toContain(-1);
      expect(places).toEqual([...places].sort((a, b) => a - b));
    },
  },
];
