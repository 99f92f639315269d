/** What runs where: an environment of a project, with the split that its aliases have now. */
import { z } from '@hono/zod-openapi';
import { UNDER_WAY } from '../../domain/freeze/freeze.ts';
import { SUPERSEDE_POLICIES } from '../../domain/plan/supersede.ts';
import { RELEASE_STATES } from '../../domain/release/states.ts';
import { NameSchema, RoleSchema, Time } from './common.ts';
import { ReleaseSummarySchema } from './release.ts';

export const ProtectionSchema = z.object({
  approvalRole: RoleSchema,
  approvalCount: z.int().min(1).max(20),
  notAuthor: z.boolean(),
  leastSteps: z.int().min(0).max(100),
  leastApprovals: z.int().min(0).max(20),
  /** Share from which on each step must ask for an approval, in (0, 1). */
  approvalFrom: z.number().nullable(),
  /** Role that may let releases pass a freeze; left out: release-manager. */
  bypassRole: RoleSchema.exactOptional(),
});

/** What `${env(NAME)}` in manifests stands for. Everybody who sees the project reads them: no place for secrets. */
export const VariablesSchema = z.record(z.string(), z.string());

/** An environment as the project's record holds it. */
export const EnvironmentRecordSchema = z
  .object({
    name: NameSchema,
    branches: z.array(z.string()),
    tags: z.array(z.string()),
    alias: z.string(),
    protection: ProtectionSchema,
    supersede: z.enum(SUPERSEDE_POLICIES).optional(),
    variables: VariablesSchema.optional(),
  })
  .openapi('EnvironmentRecord');

const LiveSchema = z.object({
  /** Shares of all requests; they add up to 1. */
  versions: z.array(z.object({ version: z.string(), weight: z.number() })),
  readAt: Time,
});
export type LiveView = z.infer<typeof LiveSchema>;

const ServiceStateSchema = z.object({
  /** The service's name; in another region than this Sluice's own `region/service`. */
  service: z.string(),
  /** Where the environment runs in several regions. */
  region: z.string().exactOptional(),
  alias: z.string(),
  stable: z.string().nullable(),
  canary: z.string().nullable(),
  weight: z.number(),
  releaseId: z.string().nullable(),
  changedAt: Time,
  /** The alias as Function Compute has it; `null` when it could not be read, then `liveProblem` says why. */
  live: LiveSchema.nullable(),
  liveProblem: z.string().nullable(),
});
export type ServiceStateView = z.infer<typeof ServiceStateSchema>;

export const EnvironmentViewSchema = z
  .object({
    id: z.string(),
    project: z.string(),
    name: z.string(),
    alias: z.string(),
    branches: z.array(z.string()),
    tags: z.array(z.string()),
    protection: ProtectionSchema,
    variables: VariablesSchema,
    services: z.array(ServiceStateSchema),
    /** The release that holds the traffic now. */
    running: ReleaseSummarySchema.nullable(),
    /** Those that wait, oldest first; each says behind whom and why. */
    queued: z.array(ReleaseSummarySchema),
    /** What stops new releases now; `null`: nothing. */
    freeze: z
      .object({
        id: z.string(),
        reason: z.string(),
        underWay: z.enum(UNDER_WAY),
        /** `null`: until somebody ends it. */
        until: Time.nullable(),
        /** The same in one line. */
        text: z.string(),
      })
      .nullable(),
    /** The newest release that ended. */
    last: ReleaseSummarySchema.nullable(),
  })
  .openapi('Environment');
export type EnvironmentView = z.infer<typeof EnvironmentViewSchema>;

export const ServiceVersionsSchema = z.object({
  service: z.string(),
  versions: z.array(
    z.object({
      version: z.string(),
      description: z.string(),
      createdAt: z.string(),
      releaseId: z.string().nullable(),
      /** How that release ended or stands: tells a version that was rolled back. */
      releaseState: z.enum(RELEASE_STATES).nullable(),
      commit: z.string().nullable(),
      message: z.string().nullable(),
    }),
  ),
  problem: z.string().nullable(),
});
export type ServiceVersionsView = z.infer<typeof ServiceVersionsSchema>;

export const EnvironmentDetailSchema = EnvironmentViewSchema.extend({
  /** Published versions of each service, newest first: what one can roll back to. */
  versions: z.array(ServiceVersionsSchema),
}).openapi('EnvironmentDetail');
export type EnvironmentDetailView = z.infer<typeof EnvironmentDetailSchema>;
