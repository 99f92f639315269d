import { describe, expect, test } from 'vitest';
import { eventText } from './event-text.ts';

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
});
