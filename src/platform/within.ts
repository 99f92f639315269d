/** Waiting for work that goes on whether anybody waits or not. */

/**
 * What `work` resolves with, or what `late` gives after `limitMs` milliseconds.
 *
 * @throws what `work` rejects with, or `late` throws
 */
export async function within<T, L>(work: Promise<T>, limitMs: number, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  try {
    return await Promise.race([work, expired.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
