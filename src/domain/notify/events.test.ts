import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ReleaseEvent } from '../release/events.ts';
import { severityOf, USUAL_EVENTS, wantedEvents } from './events.ts';

const SLUICE = { kind: 'system', name: 'sluice' } as const;

test.each<[string, ReleaseEvent]>([
  ['alarm', { type: 'blocked', reason: 'engine-unreachable', message: 'canary still at 25 %' }],
  ['info', { type: 'blocked', reason: 'freeze', message: 'until Monday' }],
  ['alarm', { type: 'rollback-started', cause: 'harmful', sentence: 'x', actor: SLUICE }],
  ['alarm', { type: 'rolled-back', cause: 'approval-timeout', sentence: 'x' }],
  ['info', { type: 'rolled-back', cause: 'person', sentence: 'x' }],
  ['ask', { type: 'paused', reason: 'changed-outside', actor: SLUICE }],
  ['alarm', { type: 'paused', reason: 'stable-gone', actor: SLUICE }],
  ['ask', { type: 'blocked', reason: 'bake-doubt', message: 'both are bad' }],
  ['info', { type: 'paused', reason: 'person', actor: { kind: 'person', name: 'dana' } }],
  ['alarm', { type: 'stage-failed', stage: 'rollback', message: 'stable is gone', logTail: [] }],
  ['info', { type: 'stage-failed', stage: 'build', message: 'x', logTail: [] }],
  ['alarm', { type: 'failed', stage: 'build', sentence: 'x' }],
  ['alarm', { type: 'approval-closed', step: 0, outcome: 'timed-out' }],
  ['info', { type: 'promoted', bakingUntil: null, sentence: 'x' }],
])('%s is the word for %o', (severity, event) => {
  expect(severityOf(event)).toBe(severity);
});

test('what is sent where nobody says which is what the document says', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/notifications.md'), 'utf8');
  const list = /else the usual ones: ([^]*?)\. A wait/.exec(doc)?.[1] ?? '';
  const named = [...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(USUAL_EVENTS.toSorted());
});

test('the record names the events first, then the plan — a commit cannot silence what an admin asked for', () => {
  expect(wantedEvents(['failed'], ['promoted'])).toEqual(['failed']);
  expect(wantedEvents(null, ['promoted'])).toEqual(['promoted']);
  expect(wantedEvents(null, [])).toEqual([]);
  expect(wantedEvents(null, undefined)).toEqual(USUAL_EVENTS);
});
