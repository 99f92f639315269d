/** Projects: what the API takes and tells. The webhook secret goes in and never comes out. */
import { z } from '@hono/zod-openapi';
import { DEFAULT_PROTECTION } from '../../domain/plan/environment.ts';
import { holdsSecret } from '../../domain/manifest/inline-secrets.ts';
import { SUPERSEDE_POLICIES } from '../../domain/plan/supersede.ts';
import { NameSchema, RoleSchema, Time } from './common.ts';
import { EnvironmentRecordSchema } from './environment.ts';
import { ChannelSchema, ChannelsInput } from './notification.ts';

export const PROVIDERS = ['github', 'generic'] as const;
/** Providers whose names are reserved and whose webhooks are not read yet. */
export const LATER_PROVIDERS = ['gitee', 'gitlab', 'codeup', 'gitea'] as const;

const Pattern = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\s~^:?[\\]+$/, 'a branch or tag name; * stands for anything but /, ** for anything');

const VariableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
const byName = <T extends z.ZodType>(value: T) =>
  z.record(VariableName, value, {
    error: ({ code }) =>
      code === 'invalid_key' ? 'a name: a letter or _, then letters, digits and _' : undefined,
  });
const VariableValue = z
  .string()
  .max(4_096)
  .refine(
    (value) => !holdsSecret(value),
    'this is a key; variables are shown to everybody who sees the project',
  );
export const VariablesInput = byName(VariableValue).refine(
  (variables) => Object.keys(variables).length <= 100,
  '100 variables at most',
);

const Count = z.int().min(0).max(20);
const ApprovalFrom = z.number().gt(0).lt(1).nullable();

const EnvironmentInput = z.strictObject({
  name: NameSchema,
  branches: z.array(Pattern).max(50).default([]),
  tags: z.array(Pattern).max(50).default([]),
  alias: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,127}$/, 'an FC alias: a letter or _, then letters, digits, _ and -')
    .refine((alias) => alias !== 'LATEST', 'LATEST is no alias'),
  protection: z
    .strictObject({
      approvalRole: RoleSchema.default(DEFAULT_PROTECTION.approvalRole),
      approvalCount: z.int().min(1).max(20).default(DEFAULT_PROTECTION.approvalCount),
      notAuthor: z.boolean().default(DEFAULT_PROTECTION.notAuthor),
      leastSteps: z.int().min(0).max(100).default(DEFAULT_PROTECTION.leastSteps),
      leastApprovals: Count.default(DEFAULT_PROTECTION.leastApprovals),
      approvalFrom: ApprovalFrom.default(DEFAULT_PROTECTION.approvalFrom),
      bypassRole: RoleSchema.exactOptional(),
    })
    .default(DEFAULT_PROTECTION),
  /** What a newer push does to older releases; left out: as the newest plan of the environment says. */
  supersede: z.enum(SUPERSEDE_POLICIES).exactOptional(),
  /** Left out in a change: they stay. */
  variables: VariablesInput.exactOptional(),
});

const Environments = z
  .array(EnvironmentInput)
  .min(1)
  .max(20)
  .refine((list) => new Set(list.map((e) => e.name)).size === list.length, 'each name once')
  .refine((list) => new Set(list.map((e) => e.alias)).size === list.length, 'each alias once');

const Provider = z.enum(PROVIDERS, {
  error: (issue) =>
    (LATER_PROVIDERS as readonly unknown[]).includes(issue.input)
      ? `${String(issue.input)} webhooks are not read yet; use github or generic`
      : 'use github or generic',
});

const Secret = z.string().min(1).max(512);
const Branch = Pattern.regex(/^[^-*][^*]*$/, 'one branch, without patterns');

export const ProtectionChangeSchema = z
  .strictObject({
    approvalRole: RoleSchema.exactOptional(),
    approvalCount: z.int().min(1).max(20).exactOptional(),
    notAuthor: z.boolean().exactOptional(),
    leastSteps: z.int().min(0).max(100).exactOptional(),
    leastApprovals: Count.exactOptional(),
    approvalFrom: ApprovalFrom.exactOptional(),
    bypassRole: RoleSchema.exactOptional(),
  })
  .openapi('ProtectionChange');

/** `null` removes a variable; what is not named stays. */
export const VariablesChangeSchema = z
  .strictObject({ variables: byName(VariableValue.nullable()) })
  .openapi('VariablesChange');

export const NewProjectSchema = z
  .strictObject({
    name: NameSchema,
    repository: z.string().min(1).max(2048),
    provider: Provider.default('generic'),
    /** Without one the project takes no webhooks until a secret is set. */
    webhookSecret: Secret.optional(),
    defaultBranch: Branch.default('main'),
    environments: Environments.optional(),
    notifications: ChannelsInput.optional(),
  })
  .openapi('NewProject');

export const ProjectChangeSchema = z
  .strictObject({
    repository: z.string().min(1).max(2048).optional(),
    provider: Provider.optional(),
    webhookSecret: Secret.optional(),
    defaultBranch: Branch.optional(),
    environments: Environments.optional(),
    notifications: ChannelsInput.optional(),
  })
  .openapi('ProjectChange');

export const ProjectViewSchema = z
  .object({
    name: z.string(),
    repository: z.string(),
    provider: z.string(),
    defaultBranch: z.string(),
    environments: z.array(EnvironmentRecordSchema),
    notifications: z.array(ChannelSchema),
    /** Where the provider sends its webhooks. */
    webhookUrl: z.string(),
    createdAt: Time,
    updatedAt: Time,
  })
  .openapi('Project');
export type ProjectView = z.infer<typeof ProjectViewSchema>;
