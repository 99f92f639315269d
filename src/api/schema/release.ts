/** A release as the API tells it: identity, and everything its events say (`domain/release/record.ts`). */
import { z } from '@hono/zod-openapi';
import { LOOK_CAUSES, VERDICTS } from '../../domain/analysis/look.ts';
import { RELEASE_CAUSES, RELEASE_STATES, STAGES } from '../../domain/release/states.ts';
import { ActorSchema, RoleSchema, Time } from './common.ts';
import { PlanSchema } from './plan.ts';

export const CountsSchema = z.object({ requests: z.number(), failures: z.number() });

export const LookSchema = z
  .object({
    number: z.int(),
    at: Time,
    /** Of a harmful look: when the fault most likely began, where the evidence tells it. */
    since: Time.exactOptional(),
    step: z.int().nullable(),
    weight: z.number(),
    metric: z.string(),
    /** What is counted as bad, where the metric's name does not say it. */
    words: z.string().optional(),
    /** Of a metric that is held against a fixed bound. */
    numbers: z.object({ canary: z.number().nullable(), stable: z.number().nullable() }).optional(),
    canary: CountsSchema,
    stable: CountsSchema,
    canaryTotal: CountsSchema,
    stableTotal: CountsSchema,
    /** Failures of the requests so far, 0…1; `null` where there was none. */
    canaryRate: z.number().nullable(),
    stableRate: z.number().nullable(),
    dispersion: z.number(),
    logEvidence: z.number(),
    logHealth: z.number(),
    logThreshold: z.number(),
    logHealthThreshold: z.number(),
    gate: z.boolean(),
    verdict: z.enum(VERDICTS),
    cause: z.enum(LOOK_CAUSES).nullable(),
    sentence: z.string(),
  })
  .openapi('Look');
/** One look of the judge. */
export type LookView = z.infer<typeof LookSchema>;

const StageSchema = z.object({
  stage: z.enum(STAGES),
  state: z.enum(['running', 'done', 'failed']),
  startedAt: Time,
  endedAt: Time.nullable(),
  summary: z.string().nullable(),
  logTail: z.array(z.string()),
});

const StepSchema = z.object({
  step: z.int(),
  /** 0-based; left out where the plan names no regions. */
  wave: z.int().exactOptional(),
  weight: z.number(),
  holdMs: z.number(),
  startedAt: Time,
  endedAt: Time.nullable(),
  summary: z.string().nullable(),
});

const HookSchema = z.object({
  /** `null`: of the whole release. */
  step: z.int().nullable(),
  when: z.enum(['before', 'after']),
  name: z.string(),
  state: z.enum(['running', 'done', 'failed']),
  startedAt: Time,
  endedAt: Time.nullable(),
  summary: z.string().nullable(),
  logTail: z.array(z.string()),
});

/** Where the plan names regions. */
const InWave = {
  region: z.string().exactOptional(),
  /** 0-based. */
  wave: z.int().exactOptional(),
};

const TrafficSchema = z.object({
  /** The service's name; in another region than this Sluice's own `region/service`. */
  service: z.string(),
  alias: z.string(),
  stable: z.string().nullable(),
  canary: z.string(),
  weight: z.number(),
  at: Time,
  ...InWave,
});

const ApprovalSchema = z.object({
  step: z.int(),
  role: RoleSchema,
  count: z.int(),
  notAuthor: z.boolean(),
  requestedAt: Time,
  until: Time.nullable(),
  /** What made Sluice ask by itself; left out where the plan asks. */
  reason: z.enum(['no-canary-traffic', 'no-metrics', 'both-bad', 'hook-failed']).optional(),
  message: z.string().optional(),
  outcome: z.enum(['granted', 'refused', 'timed-out', 'overtaken']).nullable(),
  decisions: z.array(
    z.object({
      decision: z.enum(['approved', 'rejected']),
      actor: ActorSchema,
      comment: z.string(),
      at: Time,
      evidence: LookSchema.nullable(),
    }),
  ),
});

const Plain = z.union([z.string(), z.number(), z.boolean()]);
const MemberChangeSchema = z.object({
  member: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  from: Plain.nullable(),
  to: Plain.nullable(),
  /** The value may be a secret, so both sides are left out. */
  hidden: z.boolean(),
});
const ChangeKindSchema = z.enum(['new', 'changed', 'unchanged']);
const CodeFactsSchema = z.object({ digest: z.string(), bytes: z.number(), files: z.number().nullable() });

export const ServiceDifferenceSchema = z
  .object({
    service: z.string(),
    change: ChangeKindSchema,
    /** Version that it is compared with. */
    live: z.string().nullable(),
    settings: z.array(MemberChangeSchema),
    functions: z.array(
      z.object({
        name: z.string(),
        change: ChangeKindSchema,
        settings: z.array(MemberChangeSchema),
        code: z.object({ changed: z.boolean(), from: CodeFactsSchema.nullable(), to: CodeFactsSchema }),
      }),
    ),
    /** Live functions that the manifest does not name; they stay. */
    kept: z.array(z.string()),
    /** Functions and settings that were too many to tell. */
    leftOut: z.int(),
  })
  .openapi('ServiceDifference');

export const ReleaseSummarySchema = z
  .object({
    id: z.string(),
    number: z.int(),
    project: z.string(),
    environment: z.string(),
    environmentId: z.string(),
    ref: z.string(),
    commit: z.string(),
    before: z.string(),
    author: z.string(),
    /** The commit's message. */
    message: z.string(),
    cause: z.enum(RELEASE_CAUSES),
    startedBy: z.string(),
    dryRun: z.boolean(),
    createdAt: Time,
    url: z.string(),
    state: z.enum(RELEASE_STATES),
    reason: z.string().nullable(),
    /** Why the release is where it is, for people. */
    sentence: z.string().nullable(),
    since: Time,
    behind: z.string().nullable(),
    supersededBy: z.string().nullable(),
    /** Releases whose place this one took. */
    supersedes: z.array(z.string()),
    /** When a wait ends by itself, where that is known: the end of a freeze. */
    waitsUntil: Time.nullable(),
    /** 1, and one more for each retry. */
    attempt: z.int(),
    startedAt: Time.nullable(),
    endedAt: Time.nullable(),
    bakingUntil: Time.nullable(),
    rollbackCause: z
      .enum([
        'harmful',
        'rejected',
        'aborted',
        'approval-timeout',
        'stage-failed',
        'person',
        'superseded',
        'freeze',
        'bake',
      ])
      .nullable(),
    services: z.array(
      z.object({
        service: z.string(),
        functions: z.array(z.string()),
        stable: z.string().nullable(),
        canary: z.string(),
        ...InWave,
      }),
    ),
    traffic: z.array(TrafficSchema),
  })
  .openapi('ReleaseSummary');
/** A release as lists show it. */
export type ReleaseSummary = z.infer<typeof ReleaseSummarySchema>;

export const ReleaseViewSchema = ReleaseSummarySchema.extend({
  plan: PlanSchema.nullable(),
  /** The plan in words, a line a stage, step and rule. */
  planText: z.array(z.string()),
  /** What the release changes of what was live (a dry run: would change); empty until that is known. */
  difference: z.array(ServiceDifferenceSchema),
  /** The same in words. */
  differenceText: z.array(z.string()),
  stages: z.array(StageSchema),
  steps: z.array(StepSchema),
  hooks: z.array(HookSchema),
  approvals: z.array(ApprovalSchema),
  verdict: LookSchema.nullable(),
}).openapi('Release');
/** A release with its plan, stages, steps, approvals and newest verdict. */
export type ReleaseView = z.infer<typeof ReleaseViewSchema>;

export const ReleaseListSchema = z
  .object({ releases: z.array(ReleaseSummarySchema), nextCursor: z.string().nullable() })
  .openapi('ReleaseList');
export type ReleaseList = z.infer<typeof ReleaseListSchema>;

export const LogLineSchema = z
  .object({
    id: z.int(),
    stage: z.string(),
    at: Time,
    stream: z.enum(['stdout', 'stderr', 'note']),
    line: z.string(),
  })
  .openapi('LogLine');
export type LogLineView = z.infer<typeof LogLineSchema>;

export const ActOutcomeSchema = z
  .object({
    release: z.string().nullable(),
    environment: z.string().nullable(),
    /** True with status 202: the act was handed over and its outcome is not known yet. */
    pending: z.boolean(),
    outcome: z.string(),
  })
  .openapi('ActOutcome');
/** What came of a person's act. */
export type ActOutcomeView = z.infer<typeof ActOutcomeSchema>;
