import { expect, test } from 'vitest';
import { StockDemand } from './stock-demand.ts';

const KEEP_MS = 180_000;

test('nothing waits before the first start, one after it', () => {
  const demand = new StockDemand(4, KEEP_MS);
  expect(demand.wanted(0)).toBe(0);
  demand.onStart(10);
  expect(demand.wanted(10)).toBe(1);
});

test('starts that come one by one need no more than one — each finds the stock refilled', () => {
  const demand = new StockDemand(4, KEEP_MS);
  for (let atMs = 0; atMs <= 20_000; atMs += 1_000) demand.onStart(atMs);
  expect(demand.wanted(20_000)).toBe(1);
});

test('of a burst there are as many as came within a second, up to the limit', () => {
  const demand = new StockDemand(4, KEEP_MS);
  for (const atMs of [0, 400, 900]) demand.onStart(atMs);
  expect(demand.wanted(900)).toBe(3);
  for (let index = 0; index < 50; index += 1) demand.onStart(1_000);
  expect(demand.wanted(1_000)).toBe(4);
});

test('a burst is forgotten when its time is over, later single starts are not', () => {
  const demand = new StockDemand(4, KEEP_MS);
  for (const atMs of [0, 1, 2]) demand.onStart(atMs);
  demand.onStart(100_000);
  expect(demand.wanted(KEEP_MS - 1)).toBe(3);
  expect(demand.wanted(KEEP_MS + 2)).toBe(1);
  expect(demand.wanted(100_000 + KEEP_MS)).toBe(0);
});
