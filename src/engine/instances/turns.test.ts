import { describe, expect, test, vi } from 'vitest';
import { Turns, type TurnTaker } from './turns.ts';

interface Taker extends TurnTaker {
  given: number;
  isWaiting: boolean;
}

/** A function with so many instances of so many MB each. */
function taker(instances: number, memoryMb = 128): Taker {
  return {
    revision: { memoryMb },
    given: 0,
    isWaiting: true,
    get heldMb() {
      return (instances - this.given) * memoryMb;
    },
    giveOne() {
      if (this.heldMb === 0) return false;
      this.given += 1;
      return true;
    },
  };
}

function claimed(poor: Taker, missingMb: number, ...rich: Taker[]): { turns: Turns; given: number[] } {
  const turns = new Turns(() => undefined);
  turns.claim(poor, missingMb, [poor, ...rich]);
  return { turns, given: rich.map(({ given }) => given) };
}

describe('a place is given', () => {
  test('by whoever holds most, to one that has nothing also by one that has a single one', () => {
    expect(claimed(taker(0), 1, taker(2), taker(5), taker(4)).given).toEqual([0, 1, 0]);
    expect(claimed(taker(0), 1, taker(1)).given).toEqual([1]);
  });

  test('as often as the memory needs it, by several in turn', () => {
    expect(claimed(taker(0, 512), 384, taker(3), taker(3)).given).toEqual([2, 1]);
  });

  test('by nobody who would hold less than the taker then — or two would give the same place to and fro', () => {
    expect(claimed(taker(2), 1, taker(3)).given).toEqual([0]);
    expect(claimed(taker(2), 1, taker(4)).given).toEqual([1]);
  });

  test('by nobody where nothing is missing', () => {
    expect(claimed(taker(0), 0, taker(9)).given).toEqual([0]);
  });
});

describe('until the taker has its place', () => {
  test('nobody else starts, and it claims no second one', () => {
    const [poor, rich] = [taker(0), taker(2)];
    const { turns } = claimed(poor, 1, rich);
    expect([turns.mayStart(poor), turns.mayStart(rich)]).toEqual([true, false]);
    turns.claim(poor, 1, [rich]);
    expect(rich.given).toBe(1);
    turns.took(poor);
    expect(turns.mayStart(rich)).toBe(true);
  });

  test('or waits no more, be it that an instance of its own had room or that it gave up — all are told', async () => {
    const onSettled = vi.fn();
    const turns = new Turns(onSettled);
    const [poor, rich] = [taker(1), taker(4)];
    turns.note(poor);
    turns.claim(poor, 1, [rich]);
    turns.note(poor);
    expect([turns.mayStart(rich), turns.someoneWaits]).toEqual([false, true]);
    poor.isWaiting = false;
    turns.note(poor);
    expect([turns.mayStart(rich), turns.someoneWaits]).toEqual([true, false]);
    turns.note(poor);
    await Promise.resolve();
    expect(onSettled).toHaveBeenCalledOnce();
  });
});
