/** Writes CBOR (RFC 8949) in its preferred, definite-length form: as much of it as events need. */

/** A number is written as a float; integers are `bigint`, −2^64…2^64 − 1. */
export type Cbor =
  | string
  | boolean
  | number
  | bigint
  | Buffer
  | readonly Cbor[]
  | { readonly [key: string]: Cbor };

/** Major types, RFC 8949 §3.1. */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;
const FLOAT64 = 0xfb;

export function encodeCbor(value: Cbor): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: Cbor, parts: Buffer[]): void {
  switch (typeof value) {
    case 'boolean':
      parts.push(Buffer.of(value ? TRUE : FALSE));
      return;
    case 'bigint':
      parts.push(value < 0n ? head(NEGATIVE, -1n - value) : head(UNSIGNED, value));
      return;
    case 'number': {
      const float = Buffer.alloc(9);
      float[0] = FLOAT64;
      float.writeDoubleBE(value, 1);
      parts.push(float);
      return;
    }
    case 'string': {
      const bytes = Buffer.from(value, 'utf8');
      parts.push(head(TEXT, bytes.length), bytes);
      return;
    }
    default:
      writeCompound(value, parts);
  }
}

function writeCompound(value: Exclude<Cbor, string | boolean | number | bigint>, parts: Buffer[]): void {
  if (Buffer.isBuffer(value)) {
    parts.push(head(BYTES, value.length), value);
  } else if (isList(value)) {
    parts.push(head(ARRAY, value.length));
    for (const item of value) write(item, parts);
  } else {
    const entries = Object.entries(value);
    parts.push(head(MAP, entries.length));
    for (const [key, item] of entries) {
      write(key, parts);
      write(item, parts);
    }
  }
}

function isList(value: Cbor): value is readonly Cbor[] {
  return Array.isArray(value);
}

/** Type and argument in as few bytes as there are (RFC 8949 §4.1). */
function head(major: number, argument: bigint | number): Buffer {
  const value = BigInt(argument);
  const type = major << 5;
  if (value < 24n) return Buffer.of(type | Number(value));
  const [info, bytes] =
    value < 0x1_00n ? [24, 1] : value < 0x1_0000n ? [25, 2] : value < 0x1_0000_0000n ? [26, 4] : [27, 8];
  const written = Buffer.alloc(9);
  written.writeBigUInt64BE(value, 1);
  return Buffer.concat([Buffer.of(type | info), written.subarray(9 - bytes)]);
}
