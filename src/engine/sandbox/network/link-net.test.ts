import { expect, test } from 'vitest';
import { chooseLinkNet } from './link-net.ts';

test('four addresses that no route of the host covers', () => {
  expect(chooseLinkNet(0, ['default', '0.0.0.0/0', '192.0.2.0/24'])).toEqual({
    net: '198.18.0.0/30',
    hostAddress: '198.18.0.1',
    egressAddress: '198.18.0.2',
  });
  expect(chooseLinkNet(0, ['198.18.0.0/30', '198.18.0.5'])?.net).toBe('198.18.0.8/30');
  expect(chooseLinkNet(0, ['198.18.0.0/16'])?.net).toBe('198.19.0.0/30');
});

test('goes round at the end of the range, to the other range when it is full, and gives up when both are', () => {
  expect(chooseLinkNet(2 ** 15 - 1, ['198.19.255.252/30'])?.net).toBe('198.18.0.0/30');
  expect(chooseLinkNet(0, ['198.18.0.0/15'])?.net).toBe('100.127.0.0/30');
  expect(chooseLinkNet(0, ['198.18.0.0/15', '100.64.0.0/10'])).toBeUndefined();
});
