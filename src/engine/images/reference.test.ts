import { expect, test } from 'vitest';
import { parseImageReference } from './reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['nginx', 'nginx', 'nginx:latest', false],
  [
    'registry.cn-hangzhou.aliyuncs.com/ns/app:v1.2',
    'registry.cn-hangzhou.aliyuncs.com/ns/app',
    'registry.cn-hangzhou.aliyuncs.com/ns/app:v1.2',
    false,
  ],
  ['127.0.0.1:5000/a/b:1', '127.0.0.1:5000/a/b', '127.0.0.1:5000/a/b:1', true],
  ['localhost/a', 'localhost/a', 'localhost/a:latest', true],
  ['[::1]:5000/a', '[::1]:5000/a', '[::1]:5000/a:latest', true],
  [`r.io/a:1@${DIGEST}`, 'r.io/a', `r.io/a@${DIGEST}`, false],
])('%s is read', (text, name, full, isLoopback) => {
  expect(parseImageReference(text)).toEqual({ name, full, isLoopback });
});

test.each(['127.0.0.1.evil.example/a', 'localhost.evil.example/a', 'evil/127.0.0.1/a', '127.0.0.1:1@evil/a'])(
  '%s is not on this machine, or no name at all: it is not spoken to without TLS',
  (text) => {
    expect(parseImageReference(text)?.isLoopback ?? false).toBe(false);
  },
);

test.each([
  '',
  ' ',
  '-all',
  '--authfile=/x',
  'a b',
  'a:b:c',
  'docker://a',
  'a@sha256:1',
  '/a',
  'a/',
  'A/b$(id)',
  'a\nb',
])('%j names no image', (text) => {
  expect(parseImageReference(text)).toBeUndefined();
});
