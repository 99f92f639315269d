/** What a replay answers: what was said then, what other settings would have said, and what cannot be known. */
import { z } from '@hono/zod-openapi';
import { LOOK_CAUSES, VERDICTS } from '../../domain/analysis/look.ts';
import { Time } from './common.ts';
import { CountsSchema } from './release.ts';

const VerdictFields = {
  verdict: z.enum(VERDICTS),
  cause: z.enum(LOOK_CAUSES).nullable(),
};

const DecisionSchema = z
  .object({
    /** Number of the look. */
    number: z.int(),
    at: Time,
    /** Since the watch began. */
    afterMs: z.number(),
    step: z.int().nullable(),
    weight: z.number(),
    sentence: z.string(),
    /** Requests of the canary by then, and how many of them had failed. */
    canary: CountsSchema,
  })
  .openapi('ReplayDecision');

const OutcomeSchema = z
  .object({
    /** The whole analysis, with every default filled in. */
    analysis: z.looseObject({}),
    /** First look with that verdict. */
    harmful: DecisionSchema.nullable(),
    healthy: DecisionSchema.nullable(),
    /** Looks one after another that said the same, by their numbers. */
    verdicts: z.array(z.object({ from: z.int(), to: z.int(), ...VerdictFields })),
  })
  .openapi('ReplayOutcome');
export type ReplayOutcomeView = z.infer<typeof OutcomeSchema>;

const NumbersSchema = z
  .object({
    ...VerdictFields,
    dispersion: z.number(),
    /** Natural logarithms. */
    logEvidence: z.number(),
    logHealth: z.number(),
    gate: z.boolean(),
  })
  .openapi('ReplayNumbers');

export const ReplaySchema = z
  .object({
    release: z.string(),
    /** As stored. */
    before: OutcomeSchema,
    /** As computed again, with the settings that were given. */
    now: OutcomeSchema,
    /** Every number is equal to the last bit. */
    same: z.boolean(),
    /** What the stored counts cannot tell, one sentence each. */
    unknown: z.array(z.string()),
    looks: z.array(
      z.object({
        number: z.int(),
        at: Time,
        step: z.int().nullable(),
        weight: z.number(),
        metric: z.string(),
        canary: CountsSchema,
        stable: CountsSchema,
        before: NumbersSchema.nullable(),
        now: NumbersSchema.nullable(),
      }),
    ),
  })
  .openapi('Replay');
/** A past release, judged again. */
export type ReplayView = z.infer<typeof ReplaySchema>;
