/**
 * What a `sluice.yml` may say (design §4). One schema is the parser, and the JSON Schema that editors use. It knows
 * nothing of the project's record; `protection.ts` compares the two.
 */
import { z } from 'zod';
import { UNDER_WAY } from '../freeze/freeze.ts';
import { SLUG, SLUG_RULE } from '../names/sluice.ts';
import { EVENT_TYPES } from '../notify/events.ts';
import { ROLES } from '../release/states.ts';
import { strictMap } from '../yaml/zod-findings.ts';
import { duration, flag, number, oneOf, share, text, whole } from './fields.ts';
import { hooks } from './hooks-file.ts';
import { metric } from './metrics-file.ts';
import { PRESETS } from './presets.ts';
import { probe } from './probe-file.ts';
import { regions } from './regions-file.ts';
import { services } from './services-file.ts';
import { stepAnalysis } from './step-analysis.ts';
import { SUPERSEDE_POLICIES } from './supersede.ts';

const DAY_MS = 86_400_000;

/** Scalars under these keys are text, however much they look like numbers. */
export const TEXT_KEYS: ReadonlySet<string> = new Set([
  'name',
  'run',
  'image',
  'branches',
  'tags',
  'alias',
  'dependsOn',
  'service',
  'function',
  'event',
  'manifest',
  'preset',
  'role',
  'onTimeout',
  'advance',
  'freeze',
  'stableGone',
  'supersede',
  'prometheus',
  'http',
  'bad',
  'all',
  'value',
  'event',
  'functions',
  'wave',
  'services',
]);

/** What commands find: nothing is fetched for them. Another image would be accepted and not be there. */
const STAGE_IMAGE = 'nodejs20';

const command = strictMap('a stage', {
  name: text('a name', 64).describe('Name of the stage, once in the file.'),
  run: text('a shell command', 10_000).describe(
    'Command, run in the build sandbox at the root of the repository.',
  ),
  image: z
    .literal(STAGE_IMAGE, {
      error: `${STAGE_IMAGE}, or nothing: commands find the programs of the machine that Sluice runs on, and no other image yet; leave image out, and call another runtime in run by its own name, e.g. python3`,
    })
    .default(STAGE_IMAGE)
    .describe('Stands for the programs of the machine that Sluice runs on; no other image is supported yet.'),
});

const stages = z
  .array(
    z.union(
      [command, z.array(command, { error: 'a list of stages' }).min(1, { error: 'one stage or more' })],
      {
        error: 'a stage (name, run, image), or a list of stages that run side by side',
      },
    ),
    { error: 'a list of stages' },
  )
  .max(50, { error: '50 stages at most' })
  .describe(
    'Commands before the release is built, one after another; those of a nested list run side by side.',
  );

export const weight = share(
  'more than 0 and less than 100% (going to 100% is the promotion, not a step)',
  (w) => w > 0 && w < 1,
);

export const approval = strictMap('an approval', {
  role: oneOf(ROLES)
    .optional()
    .describe("Role that may approve; the project's record says which it must be at least."),
  count: whole(1, 20).optional().describe('How many different people must approve.'),
  notAuthor: flag().optional().describe("Whether the commit's author may not approve."),
  timeout: z
    .union([duration(1_000, 90 * DAY_MS), z.literal('never')], {
      error: 'a duration such as 30m or 24h, from 1s to 90d, or never',
    })
    .optional()
    .describe('How long to wait; 24h if left out.'),
  onTimeout: oneOf(['roll-back', 'continue'])
    .optional()
    .describe('What happens then; roll-back if left out.'),
});

const step = strictMap('a step', {
  weight: weight.describe('Share of the requests that the new version gets.'),
  hold: duration(0, 30 * DAY_MS)
    .optional()
    .describe('Least time at this weight; may be left out beside an approval.'),
  approval: approval.optional().describe('Asked for after the hold, before the next step.'),
  probe: probe.optional(),
  analysis: stepAnalysis.optional().describe('What is judged otherwise at this step.'),
  hooks: hooks.optional().describe("Before the step's traffic moves, and after its hold."),
});

export const analysis = strictMap('an analysis', {
  interval: duration(100, 600_000)
    .optional()
    .describe('Time between two looks of the judge; 5s if left out.'),
  falseRollback: share('more than 0 and at most 50%', (a) => a > 0 && a <= 0.5)
    .optional()
    .describe('Chance that a release whose canary is not worse is rolled back; 1% if left out.'),
  falseHealthy: share('more than 0 and at most 50%', (b) => b > 0 && b <= 0.5)
    .optional()
    .describe('Error of the verdict healthy; 5% if left out.'),
  errors: strictMap('errors', {
    ratio: number(1, 100)
      .optional()
      .describe('Odds ratio of failures up to which the canary is not worse; 1.25 if left out.'),
    floor: share('from 0 to less than 100%', (f) => f >= 0 && f < 1)
      .optional()
      .describe('Least difference of failure rates that counts; 0.1% if left out.'),
    margin: share('more than 0 and less than 50%', (m) => m > 0 && m < 0.5)
      .optional()
      .describe('Margin of the verdict healthy; 0.5% if left out.'),
  }).optional(),
  latency: z
    .union(
      [
        z.literal('off'),
        strictMap('latency', {
          ratio: number(1, 100)
            .optional()
            .describe("Odds ratio of requests slower than stable's quantiles; 2 if left out."),
          floor: share('from 0 to less than 100%', (f) => f >= 0 && f < 1)
            .optional()
            .describe('Least difference of their share that counts; 2% if left out.'),
        }),
      ],
      { error: 'a map of ratio and floor, or off' },
    )
    .optional()
    .describe('Whether slowness counts as harm; off if left out.'),
  absolute: strictMap('absolute', {
    errors: share('more than 0', (e) => e > 0)
      .optional()
      .describe('Failure rate of either version at which, for a minute, a person is asked.'),
  })
    .optional()
    .describe('Limits that hold whatever the comparison says.'),
  metrics: z
    .array(metric, { error: 'a list of metrics' })
    .max(20, { error: '20 metrics at most' })
    .optional()
    .describe("Metrics of the plan's own, from Prometheus or over HTTP."),
});

const patterns = (what: string) =>
  z
    .array(text(`a ${what} pattern such as main or release/*`, 200), { error: `a list of ${what} patterns` })
    .max(100, { error: '100 patterns at most' });

export const environment = strictMap('an environment', {
  branches: patterns('branch').optional().describe("Narrows the branches of the project's record."),
  tags: patterns('tag').optional().describe("Narrows the tags of the project's record."),
  alias: text('the alias that the record names', 128)
    .optional()
    .describe("Must be the alias of the project's record."),
  services: services
    .optional()
    .describe(
      'Services of the manifest, or service/function, that the environment releases; all if left out.',
    ),
  preset: oneOf(PRESETS).optional().describe('Steps by name, instead of a list.'),
  steps: z
    .array(step, { error: 'a list of steps (weight, hold, approval)' })
    .max(50, { error: '50 steps at most' })
    .optional(),
  regions: regions
    .optional()
    .describe(
      'Regions in waves: the steps run in those of the first wave, then in those of the next; the own region of this Sluice if left out.',
    ),
  analysis: analysis.optional(),
  probe: probe.optional(),
  hooks: hooks.optional().describe('Before any traffic moves, and after the promotion.'),
  bake: duration(0, 7 * DAY_MS)
    .optional()
    .describe('How long the judge watches after the promotion; 10m if left out, 0s for not at all.'),
  advance: oneOf(['timed', 'early'])
    .optional()
    .describe('Whether a healthy verdict may end a hold before its time (early); timed if left out.'),
  extension: duration(0, 30 * DAY_MS)
    .optional()
    .describe(
      'How long a hold goes on when nobody called the new version, or no metrics came, before a person is asked; three more holds, 30m at least, if left out.',
    ),
  freeze: oneOf(UNDER_WAY)
    .optional()
    .describe(
      'What becomes of a running release when a freeze begins: it may finish, is held, or goes back; a freeze that is stricter counts.',
    ),
  stableGone: oneOf(['stay', 'newest-older'])
    .optional()
    .describe(
      'What a rollback does when the version to go back to was deleted: leave the traffic and ask a person (stay, if left out), or go to the newest version before it.',
    ),
  supersede: oneOf(SUPERSEDE_POLICIES)
    .optional()
    .describe(
      'What a newer push does: wait its turn (queue), take the place of those that wait (latest, if left out), or of the running release too (replace).',
    ),
  notifications: strictMap('notifications', {
    events: z
      .array(oneOf(EVENT_TYPES), { error: 'a list of types of events' })
      .max(EVENT_TYPES.length, { error: 'each type once' })
      .describe("Types of events that are sent to the project's channels which name none themselves."),
  })
    .optional()
    .describe('What is told of releases; where to is in the project’s record. The usual events if left out.'),
});

const service = strictMap('a service', {
  dependsOn: z
    .array(text('the name of a service', 128), { error: 'a list of services of the manifest' })
    .max(100, { error: '100 services at most' })
    .optional()
    .describe(
      'Services that this one calls: they get the new version before it; a rollback takes all back together, this one first.',
    ),
});

export const planFile = strictMap('sluice.yml', {
  version: z.literal(1, { error: '1' }).describe('Version of this format.'),
  stages: stages.optional(),
  manifest: text('the path of a manifest in the repository', 500)
    .optional()
    .describe('Manifest with services and functions; looked for by its usual names if left out.'),
  services: z
    .record(z.string(), service, { error: 'a map from services of the manifest to what they depend on' })
    .optional()
    .describe('What the services of the manifest depend on; left out, they go in the order of the manifest.'),
  environments: z
    .record(z.string().regex(SLUG, { error: SLUG_RULE }), environment, {
      error: 'a map from environment names to what they shall be like',
    })
    .optional(),
});

export type PlanFile = z.output<typeof planFile>;
export type EnvironmentFile = z.output<typeof environment>;
export type AnalysisFile = z.output<typeof analysis>;
export type ApprovalFile = z.output<typeof approval>;
