/** Turns within one process: work on the same thing runs one after another. */

const last = new Map<string, Promise<unknown>>();

/** Runs `work` when everything begun before it under `key` has ended, well or not. */
export async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = last.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  last.set(key, mine);
  try {
    return await mine;
  } finally {
    if (last.get(key) === mine) last.delete(key);
  }
}
