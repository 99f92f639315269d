import { describe, expect, test } from 'vitest';
import type { ReleaseView } from '../../api/views.ts';
import { openApprovals, percentText, releaseListText, releaseText } from './release-text.ts';
import { factsText, tableText } from './table.ts';

const at = '2026-11-24T20:12:05.120Z';
const RELEASE: ReleaseView = {
  id: '01JD',
  number: 3,
  project: 'hello',
  environment: 'production',
  environmentId: 'hello.production',
  ref: 'refs/heads/main',
  commit: '0123456789abcdef0123456789abcdef01234567',
  before: '',
  author: 'ada@example.com',
  message: 'Tidy the table\n\nlong text',
  cause: 'push',
  startedBy: 'ada@example.com',
  dryRun: false,
  createdAt: at,
  url: 'http://127.0.0.1:7400/releases/01JD',
  state: 'waiting-approval',
  reason: null,
  sentence: null,
  since: at,
  behind: null,
  supersededBy: null,
  supersedes: [],
  waitsUntil: null,
  attempt: 1,
  startedAt: at,
  endedAt: null,
  bakingUntil: null,
  rollbackCause: null,
  services: [],
  traffic: [
    { service: 'hello', alias: 'PROD', stable: '2', canary: '3', weight: 0.05, at },
    {
      service: 'cn-north/hello',
      alias: 'PROD',
      stable: '2',
      canary: '3',
      weight: 0,
      region: 'cn-north',
      wave: 1,
      at,
    },
  ],
  plan: null,
  planText: [],
  difference: [],
  differenceText: [],
  stages: [
    {
      stage: 'build',
      state: 'done',
      startedAt: at,
      endedAt: '2026-11-24T20:12:06.620Z',
      summary: 'npm ci',
      logTail: [],
    },
  ],
  steps: [{ step: 0, weight: 0.05, holdMs: 10_000, startedAt: at, endedAt: null, summary: null }],
  hooks: [
    {
      step: 0,
      when: 'after',
      name: 'check',
      state: 'failed',
      startedAt: at,
      endedAt: '2026-11-24T20:12:06.120Z',
      summary: 'exit code 3',
      logTail: [],
    },
  ],
  approvals: [
    {
      step: 0,
      role: 'release-manager',
      count: 1,
      notAuthor: false,
      requestedAt: at,
      until: null,
      outcome: null,
      decisions: [],
    },
  ],
  verdict: null,
};

describe('a release in words', () => {
  test('shows who has to do what next — that is what one looks for', () => {
    const text = releaseText(RELEASE);
    expect(text).toContain('hello.PROD: version 3 5 %, version 2 95 %');
    expect(text).toContain('hello.PROD in cn-north (wave 2): version 3 0 %, version 2 100 %');
    expect(text).toMatch(/build\s+done\s+1\.5 s\s+npm ci/);
    expect(text).toMatch(/check\s+after step 1\s+failed\s+1\.0 s\s+exit code 3/);
    expect(text).toContain('step 1 waits for 1 approval(s) of a release-manager: sluice approve 01JD');
  });

  test('does not ask for what is decided', () => {
    const decided = RELEASE.approvals.map((approval) => ({ ...approval, outcome: 'granted' as const }));
    expect(openApprovals({ ...RELEASE, approvals: decided })).toEqual([]);
  });

  test('is one line in a list, whatever the commit message holds', () => {
    const lines = releaseListText([RELEASE]).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(
      /^01JD\s+hello #3\s+production\s+waiting-approval\s+01234567\s.*Tidy the table$/,
    );
  });

  test('an empty list says so', () => {
    expect(releaseListText([])).toBe('no releases');
  });
});

test('weights have no more digits than they need', () => {
  expect([0.05, 1 / 3, 1].map(percentText)).toEqual(['5 %', '33.33 %', '100 %']);
});

test('columns are as wide as their widest cell, also beyond ASCII', () => {
  expect(
    tableText(
      ['A', 'B'],
      [
        ['läänge', 'x'],
        ['y', 'z'],
      ],
      '',
    ),
  ).toBe('A       B\nläänge  x\ny       z');
});

test('facts without a value are left out', () => {
  expect(
    factsText([
      ['state', 'running'],
      ['why', null],
      ['id', '1'],
    ]),
  ).toBe('state  running\nid     1');
});
