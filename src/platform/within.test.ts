import { describe, expect, test } from 'vitest';
import { within } from './within.ts';

const never = new Promise<string>(() => undefined);

describe('within', () => {
  test('gives what the work gives, and its error', async () => {
    const late = (): never => {
      throw new Error('late');
    };
    expect(await within(Promise.resolve('done'), 1_000, late)).toBe('done');
    await expect(within(Promise.reject(new Error('broken')), 1_000, late)).rejects.toThrow('broken');
  });

  test('gives what stands for being late, or throws it', async () => {
    expect(await within(never, 1, () => 'late')).toBe('late');
    await expect(
      within(never, 1, () => {
        throw new Error('too slow');
      }),
    ).rejects.toThrow('too slow');
  });
});
