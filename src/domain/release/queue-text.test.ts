import { describe, expect, test } from 'vitest';
import type { ReleaseEvent } from './events.ts';
import { behindText } from './queue-text.ts';
import { applyEvent, initialProgress } from './record.ts';

const TODAY = Date.UTC(2026, 10, 25);
const AT = TODAY + 14 * 3_600_000 + 5 * 60_000;
const NOW = AT + 60_000;
const ANN = { kind: 'person', name: 'ann' } as const;

function text(now: number, ...events: ReleaseEvent[]): string {
  const progress = events.reduce((record, event) => applyEvent(record, event, AT), initialProgress(TODAY));
  return behindText({ number: 12, project: 'shop', commit: 'a1b2c3d4e5f6', progress }, now);
}

const ASKED: ReleaseEvent = {
  type: 'approval-requested',
  step: 1,
  role: 'release-manager',
  count: 1,
  notAuthor: false,
  until: null,
};

describe('a waiting release says', () => {
  test('whom the one in front waits for, and since when', () => {
    expect(text(NOW, { type: 'started' }, ASKED)).toBe(
      'behind release 12 (a1b2c3d4 of shop), which waits for release-manager since 14:05 UTC',
    );
  });

  test('the date too where it is not today', () => {
    expect(text(NOW + 86_400_000, { type: 'started' }, ASKED)).toContain('since 2026-11-25 14:05 UTC');
  });

  test.each<[string, ReleaseEvent[]]>([
    ['which is queued since 00:00 UTC', []],
    ['which runs since 14:05 UTC', [{ type: 'started' }]],
    [
      'which is in its build stage since 14:05 UTC',
      [{ type: 'started' }, { type: 'stage-started', stage: 'build', attempt: 1 }],
    ],
    [
      'which is at 25 % since 14:05 UTC',
      [
        { type: 'started' },
        { type: 'stage-started', stage: 'gray', attempt: 1 },
        { type: 'step-started', step: 0, weight: 0.25, holdMs: 1 },
      ],
    ],
    [
      'which waits (engine-unreachable) since 14:05 UTC',
      [{ type: 'started' }, { type: 'blocked', reason: 'engine-unreachable', message: 'no answer' }],
    ],
    [
      'which is paused (freeze) since 14:05 UTC, until 14:10 UTC',
      [{ type: 'started' }, { type: 'paused', reason: 'freeze', actor: ANN, until: AT + 300_000 }],
    ],
    [
      'which is rolling back since 14:05 UTC',
      [{ type: 'started' }, { type: 'rollback-started', cause: 'harmful', sentence: '', actor: ANN }],
    ],
    [
      'which is frozen until somebody ends it: audit',
      [
        {
          type: 'queued',
          reason: 'freeze',
          behind: null,
          message: 'frozen until somebody ends it: audit',
        },
      ],
    ],
    ['which has ended (failed); this one starts next', [{ type: 'failed', stage: 'build', sentence: 'no' }]],
  ])('%s', (expected, events) => {
    expect(text(NOW, ...events)).toBe(`behind release 12 (a1b2c3d4 of shop), ${expected}`);
  });
});
