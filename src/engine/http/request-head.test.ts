import { describe, expect, test } from 'vitest';
import { readRequestHead } from './request-head.ts';

describe('readRequestHead', () => {
  test('collects x-fc- headers sorted by name, whatever their case and order', () => {
    const head = readRequestHead([
      'X-Fc-Log-Type',
      'Tail',
      'Accept',
      '*/*',
      'x-fc-account-id',
      '',
      'X-FC-Custom',
      'A b',
    ]);
    expect(head.canonicalFcHeaders).toBe('x-fc-account-id:\nx-fc-custom:A b\nx-fc-log-type:Tail\n');
    expect(head.logType).toBe('tail');
  });

  test('knows a probe by its header, and by nothing else', () => {
    expect(readRequestHead(['X-Sluice-Probe', '1']).isProbe).toBe(true);
    expect(readRequestHead(['X-Sluice-Probe', '0']).isProbe).toBe(false);
    expect(readRequestHead([]).isProbe).toBe(false);
  });

  test('sorts by the name alone — a longer name with a dash comes after the shorter one', () => {
    const head = readRequestHead(['x-fc-a-b', '1', 'x-fc-a', '2']);
    expect(head.canonicalFcHeaders).toBe('x-fc-a:2\nx-fc-a-b:1\n');
  });

  test('fills what a caller leaves out — the signature needs empty strings, not absence', () => {
    expect(readRequestHead([])).toMatchObject({
      contentMd5: '',
      contentType: '',
      invocationType: 'sync',
      logType: 'none',
      canonicalFcHeaders: '',
      contentLength: undefined,
    });
  });
});
