/**
 * Work that costs one question to the database however much of it there is: what comes while earlier work is under way waits
 * for that and is done together. What comes alone is done at once. In a burst of fifty the database stores one half while the
 * other half is read or answered; smaller pieces cost more, and one large piece leaves either side idle.
 */

export interface Together<T, R> {
  /** @returns one result for each item, in their order */
  readonly work: (items: readonly T[]) => Promise<readonly R[]>;
  /** Items of one key are done in the order in which they came, never in two pieces of work at once. */
  readonly keyOf: (item: T) => string | symbol;
  /** True where an error says nothing of the items: all of them have it. Else each is tried alone. */
  readonly isOfAll: (error: unknown) => boolean;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Items of one piece of work. */
const MOST = 25;
/** Pieces of work at once; the second one begins when it is full, or when the first one is late. */
const LINES = 2;
/** From then on work is late: it may wait for a lock of another process, which is no reason for everybody to wait. Milliseconds. */
const LATE_MS = 20;

/** @returns does one item: resolves with its result, rejects with its error */
export function together<T, R>({ work, keyOf, isOfAll }: Together<T, R>): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = [];
  const busy = new Set<string | symbol>();
  const lines = new Set<{ isLate: boolean }>();

  /** The oldest whose keys are free, at least `least` of them. */
  function take(least: number): Waiting<T, R>[] {
    if (waiting.length < least) return [];
    const taken: Waiting<T, R>[] = [];
    const left: Waiting<T, R>[] = [];
    for (const one of waiting) (taken.length < MOST && !busy.has(keyOf(one.item)) ? taken : left).push(one);
    if (taken.length < least) return [];
    waiting = left;
    return taken;
  }

  function next(): void {
    while (lines.size < LINES && waiting.length > 0) {
      const taken = take([...lines].every(({ isLate }) => isLate) ? 1 : MOST);
      if (taken.length === 0) return;
      void line(taken);
    }
  }

  async function line(taken: readonly Waiting<T, R>[]): Promise<void> {
    const keys = new Set(taken.map(({ item }) => keyOf(item)));
    const self = { isLate: false };
    const late = setTimeout(() => {
      self.isLate = true;
      next();
    }, LATE_MS);
    lines.add(self);
    for (const key of keys) busy.add(key);
    await settle(taken);
    clearTimeout(late);
    lines.delete(self);
    for (const key of keys) busy.delete(key);
    next();
  }

  async function settle(taken: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await work(taken.map(({ item }) => item));
      if (results.length !== taken.length)
        throw new Error(`${taken.length} items had ${results.length} results`);
      results.forEach((result, index) => taken[index]?.resolve(result));
    } catch (error) {
      if (taken.length > 1 && !isOfAll(error)) for (const one of taken) await settle([one]);
      else for (const { reject } of taken) reject(error);
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      next();
    });
}
