import { afterEach, expect, test, vi } from 'vitest';
import { together, type Together } from './together.ts';

/** Work whose pieces end when told to. */
function manual(options: Partial<Together<string, string>> = {}) {
  const pieces: { readonly items: readonly string[]; end(error?: Error): Promise<void> }[] = [];
  const settled: string[] = [];
  const one = together<string, string>({
    work: (items) =>
      new Promise((resolve, reject) => {
        pieces.push({
          items,
          end: async (error) => {
            if (error) reject(error);
            else resolve(items.map((item) => `${item}!`));
            await new Promise(setImmediate);
          },
        });
      }),
    keyOf: (item) => item.slice(0, 1),
    isOfAll: () => false,
    ...options,
  });
  const ask = (item: string): void =>
    void one(item).then(
      (result) => settled.push(result),
      (error: unknown) => settled.push(`${item}: ${String(error)}`),
    );
  return { pieces, settled, ask, items: () => pieces.map(({ items }) => items) };
}

afterEach(() => vi.useRealTimers());

test('what comes alone is done at once, what comes meanwhile is done together', async () => {
  const { pieces, settled, ask, items } = manual();
  for (const item of ['a1', 'b1', 'c1']) ask(item);
  expect(items()).toEqual([['a1']]);
  await pieces[0]?.end();
  expect(settled).toEqual(['a1!']);
  expect(items().at(-1)).toEqual(['b1', 'c1']);
  await pieces[1]?.end();
  expect(settled).toEqual(['a1!', 'b1!', 'c1!']);
  ask('d1');
  expect(items().at(-1)).toEqual(['d1']);
});

test('items of one key are done one piece after another, in their order', async () => {
  const { pieces, ask, items } = manual();
  for (const item of ['a1', 'a2', 'b1', 'a3', 'c1']) ask(item);
  await pieces[0]?.end();
  await pieces[1]?.end();
  expect(items()).toEqual([['a1'], ['a2', 'b1', 'a3', 'c1']]);
});

test('a second piece begins beside the first one when it is full', async () => {
  const { pieces, ask, items } = manual();
  for (let index = 0; index < 150; index += 1) ask(String.fromCharCode(0x100 + index));
  expect(items().map(({ length }) => length)).toEqual([1, 25]);
  await pieces[0]?.end();
  expect(items().map(({ length }) => length)).toEqual([1, 25, 25]);
});

test('work that is late holds up no other key', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { pieces, settled, ask, items } = manual();
  for (const item of ['a1', 'a2', 'b1', 'c1']) ask(item);
  vi.advanceTimersByTime(19);
  expect(items()).toEqual([['a1']]);
  vi.advanceTimersByTime(1);
  expect(items()).toEqual([['a1'], ['b1', 'c1']]);
  ask('d1');
  await pieces[1]?.end();
  expect(items()).toEqual([['a1'], ['b1', 'c1'], ['d1']]);
  await pieces[2]?.end();
  await pieces[0]?.end();
  expect(items().at(-1)).toEqual(['a2']);
  expect(settled).toEqual(['b1!', 'c1!', 'd1!', 'a1!']);
});

test('an error of one is its own: each is tried alone', async () => {
  const { pieces, settled, ask, items } = manual();
  for (const item of ['a1', 'b1', 'c1']) ask(item);
  await pieces[0]?.end();
  await pieces[1]?.end(new Error('one of them'));
  expect(items().at(-1)).toEqual(['b1']);
  await pieces[2]?.end(new Error('refused'));
  await pieces[3]?.end();
  expect(settled).toEqual(['a1!', 'b1: Error: refused', 'c1!']);
});

test('an error of all is told to all at once', async () => {
  const { pieces, settled, ask } = manual({ isOfAll: () => true });
  for (const item of ['a1', 'b1', 'c1']) ask(item);
  await pieces[0]?.end();
  await pieces[1]?.end(new Error('lost'));
  expect(pieces).toHaveLength(2);
  expect(settled).toEqual(['a1!', 'b1: Error: lost', 'c1: Error: lost']);
});
