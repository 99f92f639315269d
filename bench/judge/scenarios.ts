/** The lines of the tables, with what the reference implementation measured for the judge and the oracle. */
import type { Scenario } from './traffic.ts';

export interface Line {
  readonly scenario: Scenario;
  /** Share rolled back, or share · median seconds · median failed canary requests. */
  readonly reference: { readonly sluice: string; readonly oracle: string };
}

const RATES = [10, 100] as const;

function constant(rate: number): (seconds: number) => number {
  return () => rate;
}

function scenario(
  name: string,
  requestsPerSecond: number,
  stable: number | Scenario['stable'],
  canary: number | Scenario['canary'],
  more: Partial<Scenario> = {},
): Scenario {
  return {
    name: `${name}, ${requestsPerSecond}/s`,
    requestsPerSecond,
    stable: typeof stable === 'number' ? constant(stable) : stable,
    canary: typeof canary === 'number' ? constant(canary) : canary,
    faultAt: 0,
    ...more,
  };
}

/** The rate at which the odds are `ratio` times those of `rate`. */
function atOdds(rate: number, ratio: number): number {
  const odds = (ratio * rate) / (1 - rate);
  return odds / (1 + odds);
}

/** Both fail a fifth for three minutes in the 25 % step. */
function outage(seconds: number): number {
  return seconds >= 800 && seconds < 980 ? 0.2 : 0.01;
}

/** Nothing is wrong: every rollback is false. */
export const NOTHING_WRONG: readonly Line[] = RATES.flatMap((perSecond, i): Line[] => {
  const line = (s: Scenario, sluice: readonly [string, string]): Line => ({
    scenario: s,
    reference: { sluice: sluice[i] ?? '', oracle: '' },
  });
  return [
    line(scenario('equal, 0.01 %', perSecond, 0.0001, 0.0001), ['0 %', '0.1 %']),
    line(scenario('equal, 0.1 %', perSecond, 0.001, 0.001), ['0 %', '0.1 %']),
    line(scenario('equal, 1 %', perSecond, 0.01, 0.01), ['0 %', '0 %']),
    line(scenario('equal, 5 %', perSecond, 0.05, 0.05), ['0 %', '0 %']),
    line(scenario('both 20 % for 3 minutes', perSecond, outage, outage), ['0.1 %', '0 %']),
    line(scenario('bursts of five, 2 %', perSecond, 0.02, 0.02, { burst: 5 }), ['0.1 %', '0 %']),
    line(scenario('bursts of five, 1 %', perSecond, 0.01, 0.01, { burst: 5 }), ['', '']),
    line(
      scenario('both wander from look to look, 1 %', perSecond, 0.01, 0.01, {
        wander: { sigma: 1, memorySeconds: 0 },
      }),
      ['0.2 %', '1.8 %'],
    ),
    line(
      scenario('both wander for a minute, 1 %', perSecond, 0.01, 0.01, {
        wander: { sigma: 1, memorySeconds: 60 },
      }),
      ['', ''],
    ),
    line(scenario('hotfix, 30 % → 1 %', perSecond, 0.3, 0.01), ['0 %', '0 %']),
    ...[0.001, 0.01, 0.05, 0.2].map((rate) =>
      line(scenario(`odds 1.25, ${rate * 100} %`, perSecond, rate, atOdds(rate, 1.25)), [
        '≤ 0.5 %',
        '≤ 0.5 %',
      ]),
    ),
  ];
});

function harm(perSecond: number, stable: number, canary: number, sluice: string, oracle: string): Line {
  const to = canary === 1 ? 'all' : `${Number((canary * 100).toFixed(2))} %`;
  return {
    scenario: scenario(`${stable * 100} % → ${to}`, perSecond, stable, canary),
    reference: { sluice, oracle },
  };
}

export const HARM: readonly Line[] = [
  harm(10, 0.001, 1, '10 s · 5', '10 s · 5'),
  harm(10, 0.001, 0.3, '20 s · 4', '10 s · 2'),
  harm(10, 0.001, 0.051, '140 s · 4', '70 s · 2'),
  harm(10, 0.001, 0.021, '380 s · 5', '255 s · 3'),
  harm(10, 0.001, 0.006, '83 % · 1150 s · 14', '840 s · 6'),
  harm(10, 0.0001, 0.003, '92 % · 1120 s · 6', '705 s · 2'),
  harm(10, 0.01, 0.06, '310 s · 10', '180 s · 6'),
  harm(10, 0.01, 0.03, '830 s · 28', '670 s · 15'),
  harm(10, 0.01, 0.02, '40 %', '91 % · 1230 s · 44'),
  harm(10, 0.05, 0.1, '840 s · 92', '630 s · 40'),
  harm(10, 0.05, 0.07, '2 %', '28 %'),
  harm(100, 0.001, 0.051, '20 s · 5', '10 s · 3'),
  harm(100, 0.001, 0.021, '50 s · 6', '30 s · 3'),
  harm(100, 0.001, 0.006, '300 s · 10', '190 s · 6'),
  harm(100, 0.0001, 0.003, '230 s · 4', '120 s · 3'),
  harm(100, 0.01, 0.06, '40 s · 12', '20 s · 8'),
  harm(100, 0.01, 0.02, '620 s · 74', '410 s · 43'),
  harm(100, 0.05, 0.1, '150 s · 79', '90 s · 44'),
  harm(100, 0.05, 0.07, '68 %', '100 %'),
  {
    scenario: scenario('1 % → 6 % from minute 15', 100, 0.01, (s) => (s < 900 ? 0.01 : 0.06), {
      faultAt: 900,
    }),
    reference: { sluice: '30 s', oracle: '10 s' },
  },
];

/** Share called healthy · median seconds until then. */
export const HEALTHY: readonly { readonly scenario: Scenario; readonly reference: string }[] = [
  { scenario: scenario('equal, 0.1 %', 10, 0.001, 0.001), reference: '740 s' },
  { scenario: scenario('equal, 0.1 %', 100, 0.001, 0.001), reference: '160 s' },
  ...RATES.map((perSecond) => ({
    scenario: scenario('odds 1.25, 0.1 %', perSecond, 0.001, atOdds(0.001, 1.25)),
    reference: 'counts as healthy',
  })),
  { scenario: scenario('0.1 % → 0.6 %', 10, 0.001, 0.006), reference: '4–6 %' },
  { scenario: scenario('0.1 % → 0.6 %', 100, 0.001, 0.006), reference: '4–6 %' },
  { scenario: scenario('0.1 % → 2.1 %', 10, 0.001, 0.021), reference: '0 %' },
];
