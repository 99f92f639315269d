/**
 * JSON with one spelling for each value, for hashing: keys sorted by code units, no spaces, members that are
 * `undefined` left out (as in JSON.stringify), numbers and texts as JSON.stringify writes them.
 */

/** @throws TypeError for what JSON cannot hold: NaN, infinities, functions, bigints, cycles, instances of classes */
export function canonicalJson(value: unknown): string {
  return write(value, []);
}

function write(value: unknown, within: readonly object[]): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : writeObject(value, within);
    default:
      throw new TypeError(`a ${typeof value} has no JSON form`);
  }
}

function writeObject(value: object, within: readonly object[]): string {
  if (within.includes(value)) throw new TypeError('a value that holds itself has no JSON form');
  const inside = [...within, value];
  if (Array.isArray(value)) return `[${value.map((item) => write(item, inside)).join(',')}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('only plain objects have one JSON form');
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${write(member, inside)}`);
  return `{${members.join(',')}}`;
}
