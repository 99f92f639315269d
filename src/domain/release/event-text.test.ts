import { describe, expect, test } from 'vitest';
import { eventText } from './event-text.ts';
import type { Actor, ReleaseEvent } from './events.ts';

const ann: Actor = { kind: 'person', name: 'ann' };

describe('an event in words', () => {
  test('tells a split by what each version gets — weights are fractions nobody should have to convert', () => {
    const move = { type: 'traffic', service: 's', alias: 'PROD', stable: '1', canary: '2', step: 0 } as const;
    expect(eventText({ ...move, weight: 0.05 })).toBe(
      'traffic: PROD sends 5 % to version 2, the rest to version 1',
    );
    expect(eventText({ ...move, weight: 0 })).toBe('traffic: PROD sends everything to version 1');
    expect(eventText({ ...move, stable: null, weight: 1 })).toBe(
      'traffic: PROD sends everything to version 2',
    );
  });

  test('counts steps from one and names times in the unit that reads best', () => {
    expect(eventText({ type: 'step-started', step: 1, weight: 0.25, holdMs: 600_000 })).toBe(
      'step 2: 25 % for at least 10 min',
    );
    expect(eventText({ type: 'stage-finished', stage: 'build', durationMs: 3_120, summary: 'npm ci' })).toBe(
      'build done in 3.1 s: npm ci',
    );
  });

  test('says of a plan with regions where and in which wave each thing is', () => {
    const move = {
      type: 'traffic',
      service: 'north/s',
      alias: 'PROD',
      stable: '1',
      canary: '2',
      step: 2,
    } as const;
    expect(eventText({ ...move, weight: 0.05, region: 'north', wave: 1 })).toBe(
      'traffic: PROD in north (wave 2) sends 5 % to version 2, the rest to version 1',
    );
    expect(
      eventText({
        type: 'step-started',
        step: 2,
        weight: 0.05,
        holdMs: 10_000,
        wave: 1,
        regions: ['north', 'south'],
      }),
    ).toBe('step 3: 5 % for at least 10 s, wave 2 (north and south)');
    expect(eventText({ type: 'wave-finished', wave: 0, regions: ['home'], bakeMs: 600_000 })).toBe(
      'wave 1 done: everything goes to the new version in home; watched for 10 min before the next wave',
    );
    const service = {
      service: 'north/s',
      functions: ['f'],
      stable: '1',
      canary: '2',
      region: 'north',
      wave: 1,
    };
    expect(eventText({ type: 'versions', services: [service] })).toBe('s in north: version 2, live is 1');
  });

  test.each<[string, ReleaseEvent]>([
    ['rejected by ann: too slow', { type: 'rejected', actor: ann, sentence: 'rejected by ann: too slow' }],
    ['aborted by ann: ann set the alias', { type: 'aborted', actor: ann, sentence: 'ann set the alias' }],
    [
      'gray stopped: aborted by ann',
      { type: 'stage-failed', stage: 'gray', message: 'stopped: aborted by ann', logTail: [] },
    ],
    ['build failed: exit 1', { type: 'stage-failed', stage: 'build', message: 'exit 1', logTail: [] }],
    ['metrics unavailable: no answer', { type: 'blocked', reason: 'no-metrics', message: 'no answer' }],
    ['metrics are back', { type: 'cleared', reason: 'no-metrics' }],
    ['goes on: engine-unreachable is over', { type: 'cleared', reason: 'engine-unreachable' }],
    ['queued behind 01A', { type: 'queued', behind: '01A', reason: 'behind' }],
    ['queued behind 01A (freeze)', { type: 'queued', behind: '01A', reason: 'freeze' }],
  ])('says each thing once: %s', (text, event) => {
    expect(eventText(event)).toBe(text);
  });
});
