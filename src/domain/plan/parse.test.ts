import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { DEFAULT_JUDGE_SETTINGS } from '../analysis/settings.ts';
import { findingText } from '../finding.ts';
import type { EnvironmentRecord, Protection } from './environment.ts';
import { planJsonSchema } from './json-schema.ts';
import { parsePlan } from './parse.ts';
import type { ResolvedPlan } from './plan.ts';

const MINUTE = 60_000;

function record(protection: Partial<Protection> = {}): EnvironmentRecord {
  return { ...PRODUCTION, protection: { ...PRODUCTION.protection, ...protection } };
}

function parse(text: string | null, environment = record()) {
  return parsePlan({ text, file: 'sluice.yml', environment });
}

function plan(text: string | null, environment = record()): ResolvedPlan {
  const parsed = parse(text, environment);
  if (!('plan' in parsed)) throw new Error(parsed.findings.map(findingText).join('\n'));
  return parsed.plan;
}

function errors(text: string, environment = record()): string[] {
  const parsed = parse(text, environment);
  return 'findings' in parsed ? parsed.findings.map(findingText) : [];
}

function warnings(text: string): string[] {
  const parsed = parse(text);
  return 'plan' in parsed ? parsed.warnings.map(findingText) : [];
}

const EXAMPLE = `version: 1
stages:                      # optional; serial list, a nested list runs in parallel
  - {name: test, run: npm test, image: nodejs20}
environments:
  production:
    branches: [main]
    alias: PROD
    steps:
      - {weight: 5%, hold: 10m}
      - {weight: 25%, hold: 10m, approval: {role: release-manager, timeout: 24h}}
      - {weight: 50%, hold: 10m}
    analysis: {falseRollback: 1%, errors: {ratio: 1.25, floor: 0.1%}, latency: {ratio: 2, floor: 2%}}
`;

describe('a sound plan', () => {
  test('the example of the design', () => {
    expect(plan(EXAMPLE)).toEqual({
      version: 1,
      environment: 'production',
      alias: 'PROD',
      stages: [[{ name: 'test', run: 'npm test', image: 'nodejs20' }]],
      steps: [
        { weight: 0.05, holdMs: 10 * MINUTE, approval: null },
        {
          weight: 0.25,
          holdMs: 10 * MINUTE,
          approval: {
            role: 'release-manager',
            count: 1,
            notAuthor: false,
            timeoutMs: 24 * 60 * MINUTE,
            onTimeout: 'roll-back',
          },
        },
        { weight: 0.5, holdMs: 10 * MINUTE, approval: null },
      ],
      analysis: {
        intervalMs: 5_000,
        errors: DEFAULT_JUDGE_SETTINGS,
        latency: { ...DEFAULT_JUDGE_SETTINGS, rho: 2, floor: 0.02 },
        absolute: null,
        metrics: [],
      },
      bakeMs: 10 * MINUTE,
      manifest: null,
      question: { role: 'release-manager', count: 1, notAuthor: false },
    } satisfies ResolvedPlan);
    expect(warnings(EXAMPLE)).toEqual([]);
  });

  test('without a file: 5 % → 25 % → 50 %, ten minutes each, nobody asked', () => {
    const resolved = plan(null);
    expect(resolved.steps.map((s) => [s.weight, s.holdMs, s.approval])).toEqual([
      [0.05, 10 * MINUTE, null],
      [0.25, 10 * MINUTE, null],
      [0.5, 10 * MINUTE, null],
    ]);
    expect(resolved).toMatchObject({
      alias: 'PROD',
      stages: [],
      bakeMs: 10 * MINUTE,
      analysis: { latency: null },
    });
  });

  test('the default plan has as many steps as the record asks for, rising', () => {
    const weights = plan(null, record({ leastSteps: 6 })).steps.map((s) => s.weight);
    expect(weights).toEqual([0.05, 0.22, 0.39, 0.56, 0.73, 0.9]);
  });

  test('an approval that says nothing is as the record asks', () => {
    const text = 'version: 1\nenvironments: {production: {steps: [{weight: 0.5, approval: {}}]}}';
    const environment = record({ approvalRole: 'admin', approvalCount: 2, notAuthor: true });
    expect(plan(text, environment).steps[0]).toEqual({
      weight: 0.5,
      holdMs: 0,
      approval: {
        role: 'admin',
        count: 2,
        notAuthor: true,
        timeoutMs: 24 * 60 * MINUTE,
        onTimeout: 'roll-back',
      },
    });
  });

  test('whoever answers what Sluice asks by itself is whom the record demands', () => {
    const asked = { role: 'admin', count: 2, notAuthor: true };
    const environment = record({ approvalRole: 'admin', approvalCount: 2, notAuthor: true });
    expect(plan(null, environment).question).toEqual(asked);
  });

  test.each<[string, object]>([
    ['bake: 1h', { bakeMs: 60 * MINUTE }],
    ['advance: early', { advance: 'early' }],
    ['extension: 5m', { extensionMs: 5 * MINUTE }],
    ['freeze: hold', { freeze: 'hold' }],
    ['stableGone: newest-older', { stableGone: 'newest-older' }],
    ['supersede: replace', { supersede: 'replace' }],
    ['notifications: {events: [failed]}', { notifications: { events: ['failed'] } }],
    ['analysis: {interval: 30s}', { analysis: { intervalMs: 30_000 } }],
    ['analysis: {falseRollback: 3%}', { analysis: { errors: { alpha: 0.03 } } }],
    ['analysis: {falseHealthy: 7%}', { analysis: { errors: { beta: 0.07 } } }],
    ['analysis: {errors: {ratio: 3}}', { analysis: { errors: { rho: 3 } } }],
    ['analysis: {errors: {floor: 4%}}', { analysis: { errors: { floor: 0.04 } } }],
    ['analysis: {errors: {margin: 9%}}', { analysis: { errors: { health: 0.09 } } }],
    ['analysis: {latency: {ratio: 5, floor: 6%}}', { analysis: { latency: { rho: 5, floor: 0.06 } } }],
    ['analysis: {falseRollback: 3%, latency: {}}', { analysis: { latency: { alpha: 0.03, rho: 2 } } }],
    ['analysis: {absolute: {errors: 11%}}', { analysis: { absolute: { errors: 0.11 } } }],
  ])('%s stands in the plan, and only because the file says so', (line, expected) => {
    const text = `version: 1\nenvironments:\n  production:\n    ${line}\n`;
    expect(plan(text)).toMatchObject(expected);
    expect(plan('version: 1\n')).not.toMatchObject(expected);
  });

  test('weights as per cent or fraction, durations in every unit, endless approval', () => {
    const text = `version: 1
environments:
  production:
    steps:
      - {weight: 0.5 %, hold: 500ms}
      - {weight: 0.05, hold: 90s}
      - {weight: 12.5%, hold: 1h30m}
      - {weight: 0.9, hold: 1d, approval: {timeout: never, onTimeout: continue, count: 2, notAuthor: true}}
    analysis: {interval: 500ms}
    bake: 0s`;
    const resolved = plan(text);
    expect(resolved.steps.map((s) => [s.weight, s.holdMs])).toEqual([
      [0.005, 500],
      [0.05, 90_000],
      [0.125, 90 * MINUTE],
      [0.9, 24 * 60 * MINUTE],
    ]);
    expect(resolved.steps[3]?.approval).toMatchObject({ timeoutMs: null, onTimeout: 'continue', count: 2 });
    expect(resolved.bakeMs).toBe(0);
    expect(resolved.analysis.intervalMs).toBe(500);
  });

  test('stages run in series, those of a nested list side by side; the image has a default', () => {
    const text = `version: 1
stages:
  - {name: lint, run: npm run lint}
  - - {name: unit, run: npm test}
    - {name: types, run: npx tsc, image: nodejs20}
manifest: deploy/s.yaml`;
    expect(plan(text).stages).toEqual([
      [{ name: 'lint', run: 'npm run lint', image: 'nodejs20' }],
      [
        { name: 'unit', run: 'npm test', image: 'nodejs20' },
        { name: 'types', run: 'npx tsc', image: 'nodejs20' },
      ],
    ]);
    expect(plan(text).manifest).toBe('deploy/s.yaml');
  });

  test('presets make the first file three lines', () => {
    const weights = (preset: string) =>
      plan(`version: 1\nenvironments:\n  production: {preset: ${preset}}`).steps.map((s) => s.weight);
    expect(weights('careful')).toEqual([0.01, 0.05, 0.25, 0.5]);
    expect(weights('fast')).toEqual([0.1, 0.5]);
    expect(weights('all-at-once')).toEqual([]);
  });

  test('branches and tags only narrow: the caller asks both', () => {
    const parsed = parse('version: 1\nenvironments: {production: {branches: [1.0, "release/*"]}}');
    expect('plan' in parsed && parsed.refs).toEqual({ branches: ['1.0', 'release/*'], tags: [] });
    const plainly = parse('version: 1');
    expect('plan' in plainly && plainly.refs).toBeNull();
  });

  test('an environment that the file does not name gets the default plan, and a warning', () => {
    expect(warnings('version: 1\nenvironments:\n  prodction: {preset: careful}')).toEqual([
      'sluice.yml:3:3: environments.production: the environment production is not named here, so the default plan applies; named are prodction',
    ]);
  });

  test('a hold shorter than the interval is warned about — nobody looks at that step', () => {
    const text = 'version: 1\nenvironments: {production: {steps: [{weight: 5%, hold: 1s}]}}';
    expect(warnings(text).join()).toContain('steps[0].hold: the hold is shorter than the interval');
  });
});

describe('errors name place, what was found, and what is allowed', () => {
  const inSteps = (step: string) => `version: 1\nenvironments:\n  production:\n    steps:\n      - ${step}\n`;

  test.each([
    ['environments: {}', 'sluice.yml:1:1: version: is missing; allowed: 1'],
    ['version: 2', 'sluice.yml:1:10: version: found 2; allowed: 1'],
    [
      '',
      'sluice.yml:1:1: found nothing; allowed: sluice.yml: a map of version, stages, manifest, services, environments',
    ],
    ['- a', 'found a list; allowed: sluice.yml: a map of'],
    [
      'version: 1\nenviroments: {}',
      'sluice.yml:2:1: enviroments: the key enviroments is unknown; did you mean environments? Allowed: version, stages, manifest, services, environments',
    ],
    [
      'version: 1\nenvironments: {production: {extends: base}}',
      'sluice.yml:2:29: environments.production.extends: the key extends is unknown; allowed: branches, tags',
    ],
    ['version: 1\nenvironments: {Prod_1: {}}', 'environments.Prod_1: found "Prod_1"; allowed: 1–63 of a–z'],
    [inSteps('{weigth: 5%, hold: 10m}'), 'steps[0].weigth: the key weigth is unknown; did you mean weight?'],
    [
      inSteps('{weight: 5, hold: 10m}'),
      'sluice.yml:5:18: environments.production.steps[0].weight: found 5; allowed: a share such as 5% or 0.05, more than 0 and less than 100%',
    ],
    [
      inSteps('{weight: 100%, hold: 10m}'),
      'steps[0].weight: found "100%"; allowed: a share such as 5% or 0.05, more than 0 and less than 100%',
    ],
    [inSteps('{weight: 0x1, hold: 10m}'), 'steps[0].weight: found 0x1'],
    [
      inSteps('{weight: 5%, hold: 10}'),
      'steps[0].hold: found 10; allowed: a duration such as 500ms, 90s, 10m or 1h30m, from 0s to 30d',
    ],
    [inSteps('{weight: 5%, hold: 10 min}'), 'steps[0].hold: found "10 min"'],
    [inSteps('{weight: 5%, hold: 31d}'), 'steps[0].hold: found "31d"'],
    [
      inSteps('{weight: 5%}'),
      'steps[0].hold: is missing; a step needs a hold such as 10m, an approval, or both',
    ],
    [
      inSteps('{weight: 5%, approval: {role: boss}}'),
      'approval.role: found "boss"; allowed: one of viewer, developer, release-manager, admin',
    ],
    [
      inSteps('{weight: 5%, approval: {notAuthor: yes}}'),
      'approval.notAuthor: found "yes"; allowed: true or false',
    ],
    [
      inSteps('{weight: 5%, approval: {count: 0}}'),
      'approval.count: found 0; allowed: a whole number from 1 to 20',
    ],
    [
      inSteps('{weight: 5%, approval: {timeout: forever}}'),
      'approval.timeout: found "forever"; allowed: a duration such as 30m or 24h, from 1s to 90d, or never',
    ],
    [
      inSteps('{weight: 5%, approval: yes}'),
      'steps[0].approval: found "yes"; allowed: an approval: a map of role, count',
    ],
    [inSteps('5%'), 'steps[0]: found "5%"; allowed: a step: a map of weight, hold, approval'],
    [
      'version: 1\nenvironments: {production: {steps: 5%}}',
      'production.steps: found "5%"; allowed: a list of steps (weight, hold, approval)',
    ],
    [
      'version: 1\nenvironments: {production: {steps: [{weight: 50%, hold: 1m}, {weight: 5%, hold: 1m}]}}',
      'steps[1].weight: found a weight of 5% after 50%; weights must rise from step to step',
    ],
    [
      'version: 1\nenvironments: {production: {analysis: {falseRollback: 0}}}',
      'analysis.falseRollback: found 0; allowed: a share such as 5% or 0.05, more than 0 and at most 50%',
    ],
    [
      'version: 1\nenvironments: {production: {analysis: {errors: {ratio: 0.5}}}}',
      'errors.ratio: found 0.5; allowed: a number from 1 to 100',
    ],
    [
      'version: 1\nenvironments: {production: {analysis: {interval: 1ms}}}',
      'analysis.interval: found "1ms"; allowed: a duration such as 500ms, 90s, 10m or 1h30m, from 100ms to 10m',
    ],
    [
      'version: 1\nstages: [{run: npm test}]',
      'stages[0].name: is missing; allowed: a name, 64 characters at most',
    ],
    [
      'version: 1\nstages: [[{name: a, run: x}, {name: b, run: ""}]]',
      'stages[0][1].run: found ""; allowed: a shell command, 10000 characters at most',
    ],
    [
      'version: 1\nstages: [{name: a, run: x}, {name: a, run: y}]',
      'sluice.yml:2:36: stages[1].name: the stage a is there twice',
    ],
    [
      'version: 1\nstages: [{name: a, run: x, image: nodejs18}]',
      'stages[0].image: found "nodejs18"; allowed: nodejs20, or nothing: commands find the programs of the machine',
    ],
    [
      'version: 1\nstages: [1]',
      'stages[0]: found 1; allowed: a stage (name, run, image), or a list of stages',
    ],
    [
      'version: 1\nmanifest: ../s.yml',
      'sluice.yml:2:11: manifest: found "../s.yml"; allowed: a path inside the repository',
    ],
    ['version: 1\nversion: 1', 'sluice.yml:2:1: version: the key version is there twice'],
    [
      'version: 1\nenvironments: {production: {preset: carefull}}',
      'preset: found "carefull"; allowed: one of careful, fast, all-at-once',
    ],
    [
      'version: 1\nenvironments: {production: {preset: fast, steps: []}}',
      'preset and steps exclude each other',
    ],
  ])('%s', (text, message) => {
    expect(errors(text).join('\n')).toContain(message);
  });

  test('all at once, in the order of the file, those against the record too', () => {
    const text = `version: 1
environments:
  production:
    alias: LIVE
    steps:
      - {weight: 5, hold: 10m}
      - {weight: 25%, hold: soon, approval: {role: developer, count: 1, notAuthor: false}}
    colour: blue
`;
    const strict = record({ approvalRole: 'admin', approvalCount: 2, notAuthor: true, leastSteps: 3 });
    const found = errors(text, strict);
    expect(found.map((line) => line.slice(0, line.indexOf(': ', 11)))).toEqual([
      'sluice.yml:4:12',
      'sluice.yml:6:7',
      'sluice.yml:6:18',
      'sluice.yml:7:29',
      'sluice.yml:7:52',
      'sluice.yml:7:70',
      'sluice.yml:7:84',
      'sluice.yml:8:5',
    ]);
  });
});

describe('the record may only be tightened', () => {
  const steps = (approval: string) =>
    `version: 1\nenvironments: {production: {steps: [{weight: 5%, hold: 1m, approval: ${approval}}]}}`;

  test.each([
    [
      '{role: developer}',
      "found developer; the project's record asks for release-manager or a higher role in production",
    ],
    ['{count: 1}', "found 1; the project's record asks for at least 2 approvals in production"],
    [
      '{notAuthor: false}',
      "found false; in production the project's record forbids the commit's author to approve",
    ],
  ])('%s is laxer and refused', (approval, message) => {
    const environment = record({ approvalCount: 2, notAuthor: true });
    expect(errors(steps(approval), environment).join('\n')).toContain(message);
  });

  test('stricter is taken', () => {
    const environment = record({ approvalCount: 2 });
    expect(
      plan(steps('{role: admin, count: 3, notAuthor: true}'), environment).steps[0]?.approval,
    ).toMatchObject({
      role: 'admin',
      count: 3,
      notAuthor: true,
    });
  });

  test('fewer steps than the record asks for are refused, however they are written', () => {
    const environment = record({ leastSteps: 3 });
    for (const section of ['{steps: [{weight: 5%, hold: 1m}]}', '{preset: fast}', '{steps: []}']) {
      const text = `version: 1\nenvironments: {production: ${section}}`;
      expect(errors(text, environment).join()).toContain(
        "the project's record asks for at least 3 in production",
      );
    }
  });

  describe('demanded approvals', () => {
    const strict = record({ leastApprovals: 2, approvalFrom: 0.25 });
    const of = (...list: string[]) =>
      `version: 1\nenvironments:\n  production:\n    steps:\n${list.map((s) => `      - ${s}\n`).join('')}`;

    test('stand in the default plan and in presets, which say nothing of approvals', () => {
      const asked = (text: string | null, environment: EnvironmentRecord) =>
        plan(text, environment).steps.map(({ weight, approval }) => [weight, approval?.role ?? null]);
      expect(asked(null, strict)).toEqual([
        [0.05, null],
        [0.25, 'release-manager'],
        [0.5, 'release-manager'],
      ]);
      expect(
        asked('version: 1\nenvironments: {production: {preset: fast}}', record({ leastApprovals: 1 })),
      ).toEqual([
        [0.1, null],
        [0.5, 'release-manager'],
      ]);
      expect(asked(null, record({ leastApprovals: 5 })).filter(([, role]) => role !== null)).toHaveLength(5);
    });

    test.each([
      [
        of('{weight: 5%, hold: 1m}', '{weight: 25%, hold: 1m}', '{weight: 50%, approval: {}}'),
        [
          "sluice.yml:5:7: environments.production.steps: found 1 approval that cannot be passed by waiting; the project's record asks for at least 2 in production",
          "sluice.yml:6:9: environments.production.steps[1].approval: is missing; the project's record asks for an approval at each step from 25% on, and before 100%, in production",
        ],
      ],
      [
        of('{weight: 5%, approval: {}}', '{weight: 10%, approval: {onTimeout: continue}}'),
        [
          "sluice.yml:5:7: environments.production.steps: found 1 approval that cannot be passed by waiting; the project's record asks for at least 2 in production",
          "sluice.yml:6:45: environments.production.steps[1].approval.onTimeout: found continue; the project's record asks for an approval at each step from 25% on, and before 100%, in production: allowed is roll-back",
        ],
      ],
      [
        'version: 1\nenvironments: {production: {preset: all-at-once}}',
        [
          "sluice.yml:2:37: environments.production.preset: found 0 steps; the project's record asks for at least 2 in production, for the approvals that it demands",
        ],
      ],
    ])('are not left out by a file — %#', (text, expected) => {
      expect(errors(text, strict)).toEqual(expected);
    });

    test('that are there are taken as they are written', () => {
      const text = of(
        '{weight: 5%, approval: {count: 3}}',
        '{weight: 50%, hold: 1m, approval: {role: admin}}',
      );
      expect(plan(text, strict).steps.map(({ approval }) => approval?.count)).toEqual([3, 1]);
    });
  });

  test('the alias is the record’s', () => {
    expect(errors('version: 1\nenvironments: {production: {alias: LIVE}}').join()).toContain(
      'found "LIVE"; the project\'s record says PROD, and only the record can change it',
    );
  });

  test('another environment’s protection is not this one’s', () => {
    const text = 'version: 1\nenvironments: {staging: {steps: []}, production: {preset: careful}}';
    expect(plan(text, record({ leastSteps: 3 })).steps).toHaveLength(4);
  });
});

describe('services that depend on each other', () => {
  const of = (services: string) => `version: 1\nservices: ${services}\n`;

  test('stand in the plan; what depends on nothing is left out', () => {
    expect(plan(of('{web: {dependsOn: [prices, stock]}, stock: {}}')).needs).toEqual({
      web: ['prices', 'stock'],
    });
    expect(plan(of('{stock: {}}'))).not.toHaveProperty('needs');
  });

  test('do so without a circle', () => {
    expect(errors(of('{a: {dependsOn: [b]}, b: {dependsOn: [a]}}'))).toEqual([
      'sluice.yml:2:27: services.a.dependsOn: found a circle, a → b → a; allowed: services that do not need each other',
    ]);
  });

  const known = (...names: string[]) => names.map((name) => ({ name, functions: [{ name: 'greet' }] }));

  test('are services of the manifest', () => {
    const parsed = parse(of('{web: {dependsOn: [prises]}, wep: {}}'));
    if (!('plan' in parsed)) throw new Error('this is a plan');
    expect(parsed.serviceFindings(known('prices', 'web')).map(findingText)).toEqual([
      'sluice.yml:2:30: services.web.dependsOn[0]: the manifest has no service "prises"; allowed: prices, web',
      'sluice.yml:2:45: services.wep: the manifest has no service "wep"; allowed: prices, web',
    ]);
    expect(parsed.serviceFindings(known('prices', 'web', 'prises', 'wep'))).toEqual([]);
  });
});

describe('JSON Schema for editors', () => {
  test('is draft 7 with every key described and no other allowed', () => {
    const schema = planJsonSchema();
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'sluice.yml',
      required: ['version'],
      additionalProperties: false,
    });
    const text = JSON.stringify(schema);
    for (const key of ['weight', 'hold', 'approval', 'falseRollback', 'preset', 'onTimeout']) {
      expect(text).toContain(`"${key}":`);
    }
    expect(text).not.toContain('"required":["image"');
  });

  test('is the one that the repository publishes', () => {
    const published = readFileSync(new URL('../../../docs/sluice.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published), 'write planJsonSchema() to docs/sluice.schema.json').toEqual(
      planJsonSchema(),
    );
  });
});
