import { expect, test } from 'vitest';
import { LineBuffer } from './line-buffer.ts';

test('gives back every line in order, whatever its length, and then nothing', () => {
  const lines = [
    'a\n',
    'é'.repeat(50_000),
    '\n',
    'x'.repeat(200_000),
    ...Array.from({ length: 5_000 }, (_, at) => `${at} ü\n`),
  ];
  const buffer = new LineBuffer();
  for (let round = 0; round < 2; round += 1) {
    for (const line of lines) buffer.add(line);
    expect(buffer.take().toString()).toBe(lines.join(''));
    expect(buffer.take()).toHaveLength(0);
  }
});
