import { describe, expect, test } from 'vitest';
import { readHttpResponseHead } from './http-head.ts';

const read = (head: unknown) => readHttpResponseHead(Buffer.from(JSON.stringify(head)));

describe('a response head', () => {
  test('is read the same way the first time and later', () => {
    const head = {
      status: 201,
      headers: [
        ['X-A', 'é'],
        ['x-b', ''],
      ],
    };
    const expected = { status: 201, headers: ['X-A', 'é', 'x-b', ''] };
    expect([read(head), read(head)]).toEqual([expected, expected]);
  });

  test('is told from others that begin like it, however many there are', () => {
    for (let round = 0; round < 2; round += 1)
      for (let index = 0; index < 300; index += 1)
        expect(read({ status: 200, headers: [['x', String(index)]] })).toEqual({
          status: 200,
          headers: ['x', String(index)],
        });
  });

  test('that cannot be sent is refused each time', () => {
    const split = { status: 200, headers: [['x', 'a\r\nb']] };
    expect(read(split)).toContain("the value of its header 'x'");
    expect(read(split)).toContain("the value of its header 'x'");
  });

  test.each([100, 199, 600, 200.5, '200', null])('has no status %s', (status) => {
    expect(read({ status, headers: [] })).toContain('not a whole number from 200 to 599');
  });
});
