import { expect, test } from 'vitest';
import type { ReplayView } from '../../api/views.ts';
import { replayText } from './replay-text.ts';

const at = '2026-11-24T20:12:05.120Z';
const numbers = { cause: null, dispersion: 1, logHealth: 0, gate: true, verdict: 'harmful' } as const;
const decision = { at, step: 0, weight: 0.05, canary: { requests: 46, failures: 23 } };
const REPLAY: ReplayView = {
  release: '01R',
  before: {
    analysis: {},
    harmful: { ...decision, number: 12, afterMs: 125_000, sentence: 'evidence 214 : 1' },
    healthy: null,
    verdicts: [
      { from: 1, to: 11, verdict: 'undecided', cause: 'too-few' },
      { from: 12, to: 12, verdict: 'harmful', cause: null },
    ],
  },
  now: { analysis: {}, harmful: null, healthy: null, verdicts: [] },
  same: false,
  unknown: ['counting ended with look 12'],
  looks: [
    {
      number: 12,
      at,
      step: 0,
      weight: 0.05,
      metric: 'errors',
      canary: { requests: 4, failures: 1 },
      stable: { requests: 96, failures: 0 },
      before: { ...numbers, logEvidence: 5.366 },
      now: null,
    },
  ],
};

test('then stands beside now, with when, at which cost, why, and what nobody can know', () => {
  expect(replayText(REPLAY, false).split('\n')).toEqual([
    'release 01R',
    '',
    '                                  THEN                               NOW',
    'harmful                           after 2 min 5 s (look 12, step 1)  never',
    '  failed canary requests by then  23 of 46                           –',
    'healthy                           never                              never',
    'verdicts                          undecided 1–11, harmful 12–12',
    '',
    'then: evidence 214 : 1',
    '',
    'not known: counting ended with look 12',
  ]);
});

test('each look has its counts and its evidence, then and now', () => {
  expect(replayText(REPLAY, true)).toMatch(
    /LOOK +STEP +METRIC +CANARY +STABLE +THEN +NOW\n12 +1 +errors +1\/4 +0\/96 +harmful 5\.37 gate +–\n/,
  );
});
