/** How long a call waits for a runtime that is being fetched. */
import { RefusedError } from './contract.ts';

/** @throws RefusedError when it takes longer than `limitMs`; fetching goes on */
export async function withFetchLimit(
  fetching: Promise<void>,
  runtime: string,
  limitMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const reason = `runtime '${runtime}' is being fetched, which takes more than ${limitMs / 1_000} s; call again in a moment`;
    timer = setTimeout(() => reject(new RefusedError(503, 'RuntimeNotAvailable', reason)), limitMs);
  });
  try {
    await Promise.race([fetching, late]);
  } finally {
    clearTimeout(timer);
  }
}
