/** The hooks of an instance's life (runtimes.md §12, §13): when they run, with what, and how the log has them. */
import { expect } from 'vitest';
import type { ConformanceCase } from '../case.ts';

export const HOOKS: readonly ConformanceCase[] = [
  {
    title:
      'run before the freeze and before the end, each in brackets and with an id of its own; calls go on between them',
    fixture: 'hooks',
    check: async (subject) => {
      const { functions } = subject;
      // Any text but the empty one asks for the language's own.
      const hook = { handler: 'yes', timeoutMs: 10_000 };
      const revision = await subject.define('hooks', { hooks: { preFreeze: hook, preStop: hook } });
      const brackets = () => functions.lines(revision).filter((line) => /^FC Pre\w+ End /.test(line)).length;
      const first = await subject.invoke(revision);
      await expect.poll(brackets).toBe(1);
      expect(await subject.invoke(revision)).toMatchObject({ outcome: 'ok', instanceId: first.instanceId });
      await expect.poll(brackets).toBe(2);
      functions.runner.retire(revision.key);
      await expect.poll(brackets).toBe(3);
      const lines = functions.lines(revision);
      const ids = lines.flatMap(
        (line) => /^FC Pre\w+ Start RequestId: ([0-9a-f-]{36})$/.exec(line)?.[1] ?? [],
      );
      expect(new Set(ids).size).toBe(3);
      const said = (title: string, word: string, at: number, isFirst: boolean) => [
        `FC ${title} Start RequestId: ${ids[at]}`,
        ...(isFirst
          ? subject.language.loadLines(revision.hooks[title === 'PreStop' ? 'preStop' : 'preFreeze'].handler)
          : []),
        `${word} ${revision.function} ${ids[at]}`,
        `FC ${title} End RequestId: ${ids[at]}`,
      ];
      const from = lines.findIndex((line) => line.startsWith('FC Pre'));
      expect(lines.slice(from).filter((line) => !line.startsWith('FC Invoke '))).toEqual([
        ...said('PreFreeze', 'freezing', 0, true),
        ...said('PreFreeze', 'freezing', 1, false),
        ...said('PreStop', 'stopping', 2, true),
      ]);
    },
  },
];
