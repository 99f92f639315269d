import { describe, expect, test } from 'vitest';
import type { LaneFacts, LaneFreeze } from '../activities/contract.ts';
import type { ReleaseEvent } from '../domain/release/events.ts';
import {
  arrive,
  drop,
  free,
  hold,
  laneStateOf,
  laneView,
  settle,
  type LaneEffect,
  type LaneState,
} from './lane-state.ts';

const EMPTY: LaneState = laneStateOf({
  schema: 1,
  project: 'shop',
  environment: 'production',
  waiting: [],
  running: null,
  known: [],
});
const HOLIDAYS: LaneFreeze = { reason: 'holidays', until: Date.UTC(2026, 11, 27, 8), underWay: 'finish' };
const ANN = { actor: { kind: 'person', name: 'ann', role: 'developer' }, comment: 'wrong branch' } as const;

/** A lane whose facts a test changes, and everything that it did. */
class Lane {
  state = EMPTY;
  readonly effects: LaneEffect[] = [];
  supersede: LaneFacts['supersede'] = 'latest';
  freeze: LaneFreeze | null = null;
  readonly passed = new Set<string>();
  /** Releases that ended because they made way. */
  readonly made = new Set<string>();

  push(...ids: string[]): this {
    for (const releaseId of ids) {
      this.state = arrive(this.state, { releaseId, storedAt: 0 });
      this.look();
    }
    return this;
  }

  end(releaseId: string): this {
    this.state = free(this.state, releaseId);
    return this.look();
  }

  look(): this {
    const { running, waiting, replaced } = this.state;
    const ids = [...(running === null ? [] : [running]), ...waiting.map((one) => one.releaseId)];
    const step = settle(this.state, {
      supersede: this.supersede,
      frozen: Object.fromEntries(ids.map((id) => [id, this.passed.has(id) ? null : this.freeze])),
      changesAt: null,
      replaced: replaced !== null && this.made.has(replaced.releaseId),
    });
    this.state = step.state;
    this.effects.push(...step.effects);
    return this;
  }

  get view(): string {
    const { running, waiting } = laneView(this.state);
    return `${running ?? 'nobody'} runs; ${waiting.join(' ') || 'nobody'} waits`;
  }

  events(releaseId: string): ReleaseEvent[] {
    return this.effects.flatMap((one) =>
      one.kind === 'record' && one.releaseId === releaseId ? [one.event] : [],
    );
  }

  sent(kind: 'freeze' | 'replace'): LaneEffect[] {
    return this.effects.filter((one) => one.kind === kind);
  }

  get started(): string[] {
    return this.effects.flatMap((one) => (one.kind === 'start' ? [one.release.releaseId] : []));
  }
}

describe('lane', () => {
  test('starts a release at once when it is free', () => {
    const lane = new Lane().push('a');
    expect(lane.view).toBe('a runs; nobody waits');
    expect(lane.effects).toEqual([{ kind: 'start', release: { releaseId: 'a', storedAt: 0, nextSeq: 1 } }]);
  });

  test('queues behind the running release and says behind whom', () => {
    const lane = new Lane().push('a', 'b');
    expect(lane.view).toBe('a runs; b waits');
    expect(lane.events('b')).toEqual([{ type: 'queued', reason: 'behind', behind: 'a' }]);
  });

  test('ignores a hand-over that it knows — the outbox delivers at least once', () => {
    const lane = new Lane().push('a', 'b', 'a', 'b');
    expect(lane.view).toBe('a runs; b waits');
    expect(lane.effects).toHaveLength(2);
  });

  test('keeps a release that is tried again while its first try still ends — nobody else remembers it', () => {
    const lane = new Lane().push('a');
    lane.state = arrive(lane.state, { releaseId: 'a', storedAt: 0, attempt: 2, nextSeq: 9 });
    expect(lane.look().view).toBe('a runs; a waits');
    lane.end('a');
    expect(lane.view).toBe('a runs; nobody waits');
    expect(lane.effects.at(-1)).toMatchObject({ kind: 'start', release: { releaseId: 'a', attempt: 2 } });
  });

  test('lets a newer push that waits take the place of an older release that is tried again', () => {
    const lane = new Lane().push('a', 'b').end('a').end('b').push('c');
    lane.state = arrive(lane.state, { releaseId: 'newer', storedAt: 2 });
    lane.state = arrive(lane.state, { releaseId: 'older', storedAt: 1, attempt: 2, nextSeq: 9 });
    expect(lane.look().view).toBe('c runs; newer waits');
    expect(lane.events('older')).toEqual([{ type: 'superseded', by: 'newer' }]);
  });

  test('starts the waiting release when the running one is done, with the next free sequence number', () => {
    const lane = new Lane().push('a', 'b').end('a');
    expect(lane.view).toBe('b runs; nobody waits');
    expect(lane.effects.at(-1)).toMatchObject({ kind: 'start', release: { releaseId: 'b', nextSeq: 2 } });
  });

  test('ignores a late word of an earlier release — it must not free the lane of the present one', () => {
    expect(new Lane().push('a', 'b').end('a').end('a').view).toBe('b runs; nobody waits');
  });

  test('says a reason once, however often it looks again', () => {
    expect(new Lane().push('a', 'b').look().look().events('b')).toHaveLength(1);
  });

  test('starts nothing while a person rolls back, and goes on afterwards', () => {
    const lane = new Lane().push('a', 'b');
    lane.state = hold(lane.state, true);
    lane.end('a').push('c');
    expect(lane.started).toEqual(['a']);
    expect(lane.events('c').at(-1)).toMatchObject({ type: 'queued', reason: 'rollback', behind: null });
    lane.state = hold(lane.state, false);
    expect(lane.look().view).toBe('c runs; nobody waits');
  });

  test('ends a waiting release at a person’s word, and nothing else', () => {
    const lane = new Lane().push('a', 'b');
    const { state, effects } = drop(lane.state, 'b', ANN);
    expect(laneView(state)).toEqual({ running: 'a', waiting: [] });
    expect(effects).toMatchObject([
      {
        releaseId: 'b',
        seq: 2,
        event: { type: 'aborted', sentence: 'aborted by ann before it began: wrong branch' },
      },
    ]);
    expect(drop(lane.state, 'a', ANN)).toEqual({ state: lane.state, effects: [] });
  });

  test('remembers a bounded number of releases — a lane lives for years', () => {
    const ids = Array.from({ length: 700 }, (_, index) => `r${index}`);
    expect(new Lane().push(...ids).state.known).toHaveLength(500);
  });

  test('leaves a release that came while it asked for the next time', () => {
    const lane = new Lane().push('a');
    const arrived = arrive(lane.state, { releaseId: 'b', storedAt: 0 });
    const facts: LaneFacts = { supersede: 'latest', frozen: { a: null }, changesAt: null, replaced: false };
    expect(settle(arrived, facts)).toEqual({ state: arrived, effects: [] });
  });
});

describe('a newer push', () => {
  test('takes the place of whoever waits, never of the running one, with links both ways', () => {
    const lane = new Lane().push('a', 'b', 'c');
    expect(lane.view).toBe('a runs; c waits');
    expect(lane.events('b').at(-1)).toEqual({ type: 'superseded', by: 'c' });
    expect(lane.events('c')).toEqual([{ type: 'queued', reason: 'behind', behind: 'a', supersedes: ['b'] }]);
  });

  test('waits its turn where the rule is queue; each stands behind the one before it', () => {
    const lane = new Lane();
    lane.supersede = 'queue';
    lane.push('a', 'b', 'c');
    expect(lane.view).toBe('a runs; b c waits');
    expect(lane.events('c')).toEqual([{ type: 'queued', reason: 'behind', behind: 'b' }]);
    expect(lane.end('a').end('b').end('c').started).toEqual(['a', 'b', 'c']);
  });

  test('takes the running one back where the rule is replace, once, and links to it when it made way', () => {
    const lane = new Lane();
    lane.supersede = 'replace';
    lane.push('a', 'b').look();
    expect(lane.sent('replace')).toEqual([{ kind: 'replace', releaseId: 'a', by: 'b' }]);
    lane.made.add('a');
    lane.end('a');
    expect(lane.view).toBe('b runs; nobody waits');
    expect(lane.events('b').at(-1)).toMatchObject({ type: 'queued', supersedes: ['a'] });
    expect(lane.effects.at(-1)).toMatchObject({ kind: 'start', release: { releaseId: 'b', nextSeq: 3 } });
  });

  test('has no link to a running release that was promoted all the same', () => {
    const lane = new Lane();
    lane.supersede = 'replace';
    lane.push('a', 'b').end('a');
    expect(lane.events('b')).toEqual([{ type: 'queued', reason: 'behind', behind: 'a' }]);
  });

  test('replaces the next running one too', () => {
    const lane = new Lane();
    lane.supersede = 'replace';
    lane.push('a', 'b').end('a').push('c');
    expect(lane.sent('replace').at(-1)).toEqual({ kind: 'replace', releaseId: 'b', by: 'c' });
  });
});

describe('a freeze', () => {
  test('keeps a push waiting, and says why and until when', () => {
    const lane = new Lane();
    lane.freeze = HOLIDAYS;
    lane.push('a');
    expect(lane.view).toBe('nobody runs; a waits');
    expect(lane.events('a')).toEqual([
      {
        type: 'queued',
        reason: 'freeze',
        behind: null,
        until: HOLIDAYS.until,
        message: 'frozen until 2026-12-27 08:00 UTC: holidays',
      },
    ]);
  });

  test('lets the newest go when it is over', () => {
    const lane = new Lane();
    lane.freeze = HOLIDAYS;
    lane.push('a', 'b');
    lane.freeze = null;
    expect(lane.look().view).toBe('b runs; nobody waits');
    expect(lane.events('a').at(-1)).toEqual({ type: 'superseded', by: 'b' });
  });

  test('is passed by whom a person let pass — who gives way to nobody that has to wait', () => {
    const lane = new Lane();
    lane.push('a');
    lane.freeze = HOLIDAYS;
    lane.passed.add('hotfix');
    lane.push('hotfix', 'b');
    expect(lane.view).toBe('a runs; hotfix b waits');
    expect(lane.events('b').at(-1)).toMatchObject({ reason: 'freeze', behind: 'hotfix' });
    expect(lane.end('a').view).toBe('hotfix runs; b waits');
    expect(lane.end('hotfix').view).toBe('nobody runs; b waits');
  });

  test('that lets releases finish is not told to the running one', () => {
    const lane = new Lane().push('a');
    lane.freeze = HOLIDAYS;
    expect(lane.look().sent('freeze')).toEqual([]);
  });

  test('that holds is told once, its new end too, and its end', () => {
    const lane = new Lane().push('a');
    lane.freeze = { ...HOLIDAYS, underWay: 'hold' };
    lane.look().look();
    lane.freeze = { ...lane.freeze, until: null };
    lane.look();
    lane.freeze = null;
    lane.look().look();
    const word = { reason: 'holidays', underWay: 'hold' };
    expect(lane.sent('freeze')).toEqual([
      { kind: 'freeze', releaseId: 'a', freeze: { ...word, until: HOLIDAYS.until } },
      { kind: 'freeze', releaseId: 'a', freeze: { ...word, until: null } },
      { kind: 'freeze', releaseId: 'a', freeze: null },
    ]);
  });

  test('does not make the running one give way to a push that has to wait, but later', () => {
    const lane = new Lane();
    lane.supersede = 'replace';
    lane.push('a');
    lane.freeze = HOLIDAYS;
    lane.push('b');
    expect(lane.sent('replace')).toEqual([]);
    lane.freeze = null;
    expect(lane.look().sent('replace')).toEqual([{ kind: 'replace', releaseId: 'a', by: 'b' }]);
  });
});

test('a lane of before decides without facts, and says nothing twice', () => {
  const arrived = settle(arrive(settle(arrive(EMPTY, queued('a')), null).state, queued('b')), null);
  expect(arrived.effects).toMatchObject([{ event: { type: 'queued', reason: 'behind', behind: 'a' } }]);
  const freed = free(hold(arrived.state, true), 'a');
  expect(settle(freed, null).effects).toEqual([]);
  expect(settle(hold(freed, false), null).effects).toMatchObject([{ kind: 'start' }]);
});

describe('in any order of pushes, ends, freezes and bypasses', () => {
  test.each(['queue', 'latest', 'replace'] as const)(
    '%s: one runs at a time, nobody is lost, nobody starts frozen, and numbers have no gaps',
    (supersede) => {
      for (let seed = 1; seed <= 300; seed += 1) {
        const random = randomOf(seed);
        const lane = new Lane();
        lane.supersede = supersede;
        let pushed = 0;
        for (let turn = 0; turn < 30; turn += 1) {
          const { running } = lane.state;
          const before = lane.started.length;
          const dice = Math.floor(random() * 6);
          if (dice <= 1) lane.push(`r${(pushed += 1)}`);
          else if (dice === 2 && running !== null) {
            if (lane.state.replaced?.releaseId === running) lane.made.add(running);
            lane.end(running);
          } else if (dice === 3) lane.freeze = lane.freeze === null ? HOLIDAYS : null;
          else if (dice === 4) lane.passed.add(`r${pushed}`);
          lane.look();
          const started = lane.started.slice(before);
          if (lane.freeze !== null) expect(started.every((id) => lane.passed.has(id))).toBe(true);
        }
        lane.freeze = null;
        lane.look();
        for (let { running } = lane.state; running !== null; { running } = lane.state) lane.end(running);
        expect(lane.state.waiting).toEqual([]);
        expect(new Set(lane.started).size).toBe(lane.started.length);
        for (let number = 1; number <= pushed; number += 1) {
          const id = `r${number}`;
          const gone = lane.events(id).some(({ type }) => type === 'superseded');
          expect(lane.started.includes(id)).toBe(!gone);
          const seqs = lane.effects.flatMap((one) =>
            one.kind === 'record' && one.releaseId === id
              ? [one.seq]
              : one.kind === 'start' && one.release.releaseId === id
                ? [one.release.nextSeq]
                : [],
          );
          expect(seqs).toEqual(seqs.map((_, index) => index + 1));
        }
        if (supersede === 'queue') expect(lane.started).toHaveLength(pushed);
      }
    },
  );
});

function queued(releaseId: string) {
  return { releaseId, storedAt: 0 };
}

/** Chance that is the same on every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
