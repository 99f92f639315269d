/**
 * Changed rows as the table store tells them to functions: `Sync-v1`, written as CBOR. JSON cannot say all of its values,
 * so whoever delivers an event says of some what they are.
 */
import { z } from 'zod';
import { encodeCbor, type Cbor } from './cbor.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const integerText = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .transform(BigInt)
  .refine((value) => value >= INT64_MIN && value <= INT64_MAX);

const integer = z.union(
  [z.int().transform(BigInt), z.object({ integer: integerText }).transform((given) => given.integer)],
  'must be an integer up to 2^53, or {"integer": "digits"} up to 64 bits',
);

const keyValue = z.union(
  [
    z.string(),
    integer,
    z.object({ blob: z.base64() }).transform(({ blob }): Cbor => Buffer.from(blob, 'base64')),
  ],
  'must be a string, an integer up to 2^53, {"integer": "digits"} up to 64 bits, or {"blob": "base64"}',
);

const value = z.union(
  [keyValue, z.boolean(), z.object({ double: z.number() }).transform(({ double }): Cbor => double)],
  'must be a string, true or false, an integer up to 2^53, {"integer": "digits"} up to 64 bits, {"double": 1.5} or {"blob": "base64"}',
);

const Row = z.object({
  Type: z.enum(['PutRow', 'UpdateRow', 'DeleteRow']),
  /** Microseconds. */
  Info: z.object({ Timestamp: integer }),
  PrimaryKey: z
    .array(z.object({ ColumnName: z.string().min(1), Value: keyValue }))
    .min(1)
    .max(4),
  Columns: z
    .array(
      z.object({
        Type: z.enum(['Put', 'DeleteOneVersion', 'DeleteAllVersions']),
        ColumnName: z.string().min(1),
        Value: value.exactOptional(),
        /** Milliseconds. */
        Timestamp: integer.exactOptional(),
      }),
    )
    .default([]),
});

export const TableStoreEvent = z.object({
  triggerType: z.literal('tablestore'),
  sourceArn: z.string(),
  records: z.array(Row).min(1),
});

/** What the function gets. */
export function tableStoreDocument({ records }: z.infer<typeof TableStoreEvent>): Buffer {
  return encodeCbor({ Version: 'Sync-v1', Records: records });
}
