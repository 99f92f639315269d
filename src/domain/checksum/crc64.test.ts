import { describe, expect, test } from 'vitest';
import { crc64 } from './crc64.ts';

/** The definition, bit by bit: slow and plain, to check the fast one against. */
function crc64ByBits(bytes: Uint8Array): string {
  let crc = 0xffff_ffff_ffff_ffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c_5795_d787_0f42n : crc >> 1n;
  }
  return (crc ^ 0xffff_ffff_ffff_ffffn).toString();
}

describe('crc64', () => {
  test('gives the published check value of CRC-64/XZ — "123456789" is 995DC9BBDF1939FA', () => {
    expect(crc64(Buffer.from('123456789'))).toBe(BigInt('0x995DC9BBDF1939FA').toString());
  });

  test('gives 0 for no bytes', () => {
    expect(crc64(new Uint8Array())).toBe('0');
  });

  test('agrees with the definition at every length — eight bytes at a time must not matter', () => {
    const bytes = Uint8Array.from({ length: 70 }, (_, index) => (index * 167 + 13) % 256);
    for (let length = 0; length <= bytes.length; length += 1)
      expect(crc64(bytes.subarray(0, length))).toBe(crc64ByBits(bytes.subarray(0, length)));
  });
});
