/** How the Perl helpers are told things: texts with the length of each before it, all together with theirs (`(N/a*)*`). */

export function lengthPrefixed(fields: readonly string[]): Buffer {
  const message = Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field, 'utf8');
      return [lengthOf(bytes), bytes];
    }),
  );
  return Buffer.concat([lengthOf(message), message]);
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
}
