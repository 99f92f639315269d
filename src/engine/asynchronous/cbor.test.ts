import * as fc from 'fast-check';
import { decode } from 'cborg';
import { expect, test } from 'vitest';
import { encodeCbor, type Cbor } from './cbor.ts';

/** RFC 8949, appendix A. */
const VECTORS: readonly (readonly [Cbor, string])[] = [
  [0n, '00'],
  [23n, '17'],
  [24n, '1818'],
  [255n, '18ff'],
  [256n, '190100'],
  [1_000_000n, '1a000f4240'],
  [1_000_000_000_000n, '1b000000e8d4a51000'],
  [18_446_744_073_709_551_615n, '1bffffffffffffffff'],
  [-1n, '20'],
  [-100n, '3863'],
  [-1000n, '3903e7'],
  [-18_446_744_073_709_551_616n, '3bffffffffffffffff'],
  [1.1, 'fb3ff199999999999a'],
  [-4.1, 'fbc010666666666666'],
  [false, 'f4'],
  [true, 'f5'],
  [Buffer.from([1, 2, 3, 4]), '4401020304'],
  ['', '60'],
  ['ü水', '65c3bce6b0b4'],
  [[], '80'],
  [[1n, [2n, 3n], [4n, 5n]], '8301820203820405'],
  [{}, 'a0'],
  [{ a: 1n, b: [2n, 3n] }, 'a26161016162820203'],
];

for (const [value, hex] of VECTORS)
  test(`${hex} is what RFC 8949 says of it`, () => {
    expect(encodeCbor(value).toString('hex')).toBe(hex);
  });

test('another implementation reads what is written', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.bigInt(-(2n ** 64n), 2n ** 64n - 1n),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
  );
  const { tree } = fc.letrec<{ tree: Cbor }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('tree')), fc.dictionary(fc.string(), tie('tree'))),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const read: unknown = decode(encodeCbor(value), { allowBigInt: true });
      expect(widened(read)).toEqual(value);
    }),
  );
});

/** The reader gives small integers as numbers. */
function widened(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(widened);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, widened(item)]));
  return value;
}
