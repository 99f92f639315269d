import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

test('further regions are named with their endpoints', () => {
  expect(loadConfig({}).regions).toEqual([]);
  const { regions } = loadConfig({
    SLUICE_REGIONS: 'cn-shanghai=https://fc.shanghai.example, cn-beijing=http://10.0.0.7:7401/?a=b',
  });
  expect(regions).toEqual([
    { name: 'cn-shanghai', endpoint: 'https://fc.shanghai.example' },
    { name: 'cn-beijing', endpoint: 'http://10.0.0.7:7401/?a=b' },
  ]);
});

test.each([
  ['cn-shanghai', 'found cn-shanghai; allowed: name=endpoint'],
  ['=http://a.example', 'allowed: name=endpoint'],
  ['a/b=http://a.example', 'allowed: name=endpoint'],
  ['a=ftp://a.example', 'allowed: name=endpoint'],
  ['a=http://a.example,a=http://b.example', 'the region a is there twice'],
  ['cn-local=http://a.example', 'cn-local is SLUICE_REGION already'],
])('%s is refused, with what is allowed', (list, words) => {
  expect(() => loadConfig({ SLUICE_REGIONS: list })).toThrow(words);
});
