import { createHmac } from 'node:crypto';
import { array, assert, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHmacSha256 } from './hmac.ts';

describe('createHmacSha256', () => {
  test('agrees with node:crypto for every key and text — also keys over a block, long and non-ASCII texts', () => {
    assert(
      property(
        string({ unit: 'grapheme', maxLength: 200 }),
        array(string({ unit: 'grapheme', maxLength: 3000 }), { maxLength: 4 }),
        (key, texts) => {
          const hmac = createHmacSha256(key);
          for (const text of texts)
            expect(hmac(text).toString('hex')).toBe(
              createHmac('sha256', key).update(text, 'utf8').digest('hex'),
            );
        },
      ),
      { numRuns: 200 },
    );
  });
});
