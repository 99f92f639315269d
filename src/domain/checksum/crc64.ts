/**
 * CRC-64/XZ (ECMA-182, reflected, all ones in and out), the checksum by which Function Compute names code packages.
 *
 * Numbers of JavaScript have no 64 bits and BigInt is 50 times too slow for packages of 50 MB, so each table entry is
 * two halves of 32 bits, and eight bytes are taken at a time ("slicing by 8").
 */

/** The polynomial 42F0E1EBA9EA3693 with its bits reversed. */
const POLYNOMIAL_HIGH = 0xc96c5795;
const POLYNOMIAL_LOW = 0xd7870f42;
const SLICES = 8;

/** Entry `slice * 256 + byte`: the effect of `byte` followed by `slice` zero bytes. */
const { high: HIGH, low: LOW } = buildTables();

function buildTables(): { readonly high: Uint32Array; readonly low: Uint32Array } {
  const high = new Uint32Array(256 * SLICES);
  const low = new Uint32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte += 1) {
    let h = 0;
    let l = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (carry) {
        h ^= POLYNOMIAL_HIGH;
        l ^= POLYNOMIAL_LOW;
      }
    }
    high[byte] = h;
    low[byte] = l;
  }
  for (let index = 256; index < 256 * SLICES; index += 1) {
    const h = at(high, index - 256);
    const l = at(low, index - 256);
    high[index] = (h >>> 8) ^ at(high, l & 255);
    low[index] = ((l >>> 8) | (h << 24)) ^ at(low, l & 255);
  }
  return { high, low };
}

/** The indexes here are masked, so nothing is ever missing; the fallback only tells the compiler so. */
function at(table: Uint32Array | Uint8Array, index: number): number {
  return table[index] ?? 0;
}

/** CRC-64/XZ of `bytes` as an unsigned decimal string; `"0"` for no bytes. */
export function crc64(bytes: Uint8Array): string {
  let high = -1;
  let low = -1;
  let index = 0;
  const whole = bytes.length - (bytes.length % SLICES);
  for (; index < whole; index += SLICES) {
    const l = low ^ word(bytes, index);
    const h = high ^ word(bytes, index + 4);
    // The byte that came first has the most bytes after it, so it takes the last slice.
    const a = 1792 + (l & 255);
    const b = 1536 + ((l >>> 8) & 255);
    const c = 1280 + ((l >>> 16) & 255);
    const d = 1024 + (l >>> 24);
    const e = 768 + (h & 255);
    const f = 512 + ((h >>> 8) & 255);
    const g = 256 + ((h >>> 16) & 255);
    const i = h >>> 24;
    low =
      at(LOW, a) ^ at(LOW, b) ^ at(LOW, c) ^ at(LOW, d) ^ at(LOW, e) ^ at(LOW, f) ^ at(LOW, g) ^ at(LOW, i);
    high = at(HIGH, a) ^ at(HIGH, b) ^ at(HIGH, c) ^ at(HIGH, d);
    high ^= at(HIGH, e) ^ at(HIGH, f) ^ at(HIGH, g) ^ at(HIGH, i);
  }
  for (; index < bytes.length; index += 1) {
    const entry = (low ^ at(bytes, index)) & 255;
    low = ((low >>> 8) | (high << 24)) ^ at(LOW, entry);
    high = (high >>> 8) ^ at(HIGH, entry);
  }
  return ((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)).toString();
}

/** Four bytes, lowest first. */
function word(bytes: Uint8Array, index: number): number {
  return (
    at(bytes, index) |
    (at(bytes, index + 1) << 8) |
    (at(bytes, index + 2) << 16) |
    (at(bytes, index + 3) << 24)
  );
}
