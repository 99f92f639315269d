/** What a function writes, as lines of its log (runtimes.md §7, §12). */
import { expect } from 'vitest';
import type { ConformanceCase } from '../case.ts';
import type { FixtureName } from '../fixtures.ts';
import { linesOf, type Subject } from '../subject.ts';

const SUMMARY =
  /^Duration: [\d.]+ ms, Billed Duration: \d+ ms, Memory Size: 128 MB, Max Memory Used: [\d.]+ MB$/;
/** Longest line that is kept. */
const MAX_LINE = 128 * 1024;

export const LOG: readonly ConformanceCase[] = [
  {
    title: 'the runtime says that it started, where it has a part in the instance',
    fixture: 'echo',
    check: async (subject) => {
      const revision = await subject.define('echo');
      await subject.invoke(revision);
      const lines = subject.functions.runner.recentLog(revision.service, revision.function);
      const said = lines.map(({ message }) => message).filter((text) => text.startsWith('FunctionCompute '));
      const { startLine } = subject.language;
      expect(said).toEqual(startLine ? [expect.stringMatching(startLine)] : []);
    },
  },
  {
    title: "a call's lines stand between its brackets, with its figures behind them",
    fixture: 'prints',
    check: async (subject) => {
      const revision = await subject.define('prints');
      const { log } = await subject.invoke(revision, { requestId: 'id-1' });
      expect(log.toString().trimEnd().split('\n')).toEqual([
        'FC Invoke Start RequestId: id-1',
        ...subject.language.loadLines(revision.handler),
        'raw',
        'open',
        'FC Invoke End RequestId: id-1',
        expect.stringMatching(SUMMARY),
      ]);
    },
  },
  {
    title: "the context's logger stamps time, level and request id",
    fixture: 'logs',
    check: async (subject) => {
      const { language } = subject;
      const result = await subject.run('logs', {}, { requestId: 'id-2' });
      expect(result.outcome).toBe('ok');
      expect(linesOf(result).slice(-2)).toEqual([
        expect.stringMatching(language.logLine('info', 'id-2', 'first')),
        expect.stringMatching(language.logLine('error', 'id-2', 'second')),
      ]);
    },
  },
  {
    title: 'the global logger stamps the request id too',
    fixture: 'globalLogs',
    check: async (subject) => {
      const result = await subject.run('globalLogs', {}, { requestId: 'id-3' });
      expect(linesOf(result).at(-1)).toMatch(/^\d{4}-\d\d-\d\d.*id-3.* line one$/);
    },
  },
  {
    title: 'what child processes write belongs to the call as well',
    fixture: 'child',
    check: async (subject) => {
      const lines = linesOf(await subject.run('child'));
      expect(lines).toContain('from a child');
      expect(lines).toContain('bad');
    },
  },
  {
    title: 'a tail has at most 4 KB, its newest part',
    fixture: 'manyLines',
    check: async (subject) => {
      const { log } = await subject.run('manyLines');
      expect(log.length).toBeLessThanOrEqual(4096);
      expect(log.toString()).toContain('line 499\n');
      expect(log.toString()).not.toContain('line 1\n');
    },
  },
  {
    title: 'a line over the limit is cut with a mark',
    fixture: 'longLine',
    check: async (subject) => {
      const revision = await subject.define('longLine');
      await subject.invoke(revision);
      const lines = subject.functions.runner.recentLog(revision.service, revision.function);
      const long = lines.map(({ message }) => message).filter((message) => message.includes('xxx'));
      expect(long).toHaveLength(1);
      expect(long[0]?.length).toBeGreaterThanOrEqual(MAX_LINE);
      expect(long[0]?.length).toBeLessThan(MAX_LINE + 200);
    },
  },
  {
    title: 'the end line names an unhandled error',
    fixture: 'throws',
    check: async (subject) => {
      const { log } = await subject.run('throws', {}, { requestId: 'id-4' });
      expect(log.toString()).toContain('FC Invoke End RequestId: id-4, Error: Unhandled function error\n');
    },
  },
  {
    title: 'the end line names a handled error',
    fixture: 'handled',
    check: async (subject) => {
      const { log } = await subject.run('handled', {}, { requestId: 'id-5' });
      expect(log.toString()).toContain('FC Invoke End RequestId: id-5, Error: Handled function error\n');
    },
  },
  {
    title: "the context's logger keeps calls at the same time apart",
    fixture: 'overlap',
    concurrent: true,
    check: (subject) => keepsApart(subject, 'overlap'),
  },
  {
    title: 'so does the global logger',
    fixture: 'globalOverlap',
    concurrent: true,
    check: (subject) => keepsApart(subject, 'globalOverlap'),
  },
];

/** Each line's own id, and the request that the engine stored it for, are those of the call that wrote it. */
async function keepsApart(subject: Subject, name: FixtureName): Promise<void> {
  const revision = await subject.define(name, { instanceConcurrency: 2 });
  await subject.invoke(revision, { payload: Buffer.from('warm') });
  const results = await Promise.all(
    ['a', 'b'].map((event) =>
      subject.invoke(revision, { requestId: `id-${event}`, payload: Buffer.from(event) }),
    ),
  );
  expect(results.map(({ body }) => body.toString())).toEqual(['a', 'b']);
  const lines = subject.functions.runner.recentLog(revision.service, revision.function);
  for (const event of ['a', 'b']) {
    const own = lines.filter(({ message }) => message.endsWith(` ${event}`));
    expect(own.map(({ message }) => /(begin|end) .$/.exec(message)?.[0])).toEqual([
      `begin ${event}`,
      `end ${event}`,
    ]);
    for (const { message, requestId } of own) {
      expect(message).toContain(`id-${event}`);
      expect(requestId).toBe(`id-${event}`);
    }
  }
}
