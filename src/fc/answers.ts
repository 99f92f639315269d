/**
 * Answers of the FC API, parsed once into the types of `client.ts`. Lenient in what may be missing (the cloud and the
 * engine fill in different things), strict in what a release decides by.
 */
import { z } from 'zod';
import { NO_HEALTH_CHECK } from '../domain/manifest/server.ts';
import { CA_PORT, HOOK_TIMEOUT } from '../domain/names/fc.ts';
import type { RingAnswer } from '../domain/metrics/ring.ts';

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const whole = (fallback: number) =>
  z
    .number()
    .nullish()
    .transform((value) => value ?? fallback);

export const ServiceAnswer = z.object({
  serviceName: z.string(),
  description: text,
  internetAccess: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
  role: text,
});

const words = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
/** Others than custom runtimes may have them too, empty. */
const ServerMembers = {
  caPort: whole(CA_PORT.default).transform((port) => port || CA_PORT.default),
  customRuntimeConfig: z
    .object({ command: words, args: words })
    .nullish()
    .transform((value) => value ?? { command: [], args: [] }),
  customContainerConfig: z
    .object({ image: text, command: text, args: text })
    .nullish()
    .transform((value) => value ?? { image: '', command: '', args: '' }),
  customHealthCheckConfig: z
    .object({
      httpGetUrl: text,
      initialDelaySeconds: whole(NO_HEALTH_CHECK.initialDelaySeconds),
      periodSeconds: whole(NO_HEALTH_CHECK.periodSeconds),
      timeoutSeconds: whole(NO_HEALTH_CHECK.timeoutSeconds),
      failureThreshold: whole(NO_HEALTH_CHECK.failureThreshold),
      successThreshold: whole(NO_HEALTH_CHECK.successThreshold),
    })
    .nullish()
    .transform((value) => value ?? NO_HEALTH_CHECK),
};

const NO_HOOK = { handler: '', timeout: HOOK_TIMEOUT.default };
const hook = z
  .object({ handler: text, timeout: whole(HOOK_TIMEOUT.default) })
  .nullish()
  .transform((value) => value ?? NO_HOOK);

export const FunctionAnswer = z.object({
  functionName: z.string(),
  runtime: z.string(),
  handler: z.string(),
  description: text,
  memorySize: whole(128),
  timeout: whole(3),
  initializer: text,
  initializationTimeout: whole(3),
  instanceConcurrency: whole(1),
  environmentVariables: z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? {}),
  instanceLifecycleConfig: z
    .object({ preFreeze: hook, preStop: hook })
    .nullish()
    .transform((value) => value ?? { preFreeze: NO_HOOK, preStop: NO_HOOK }),
  ...ServerMembers,
  codeChecksum: text,
  codeSize: whole(0),
});

export const FunctionsAnswer = z.object({
  functions: z.array(FunctionAnswer),
  nextToken: z.string().nullish(),
});

export const VersionAnswer = z.object({ versionId: z.string(), description: text, createdTime: text });
export const VersionsAnswer = z.object({ versions: z.array(VersionAnswer), nextToken: z.string().nullish() });

export const AliasAnswer = z.object({
  aliasName: z.string(),
  versionId: z.string(),
  description: text,
  additionalVersionWeight: z
    .record(z.string(), z.number())
    .nullish()
    .transform((value) => value ?? {}),
});

export const CodeAnswer = z.object({ url: z.url() });

const latencyCounts = z.array(z.tuple([z.number(), z.number()]));
const counters = { requests: z.number(), failures: z.number(), coldStarts: z.number() };

const RingVersionSchema = z.object({
  version: z.string(),
  totals: z.object(counters),
  consecutiveFailures: z.number(),
  buckets: z.array(z.object({ at: z.number(), ...counters })),
  latencies: z.array(z.object({ at: z.number(), warm: latencyCounts, cold: latencyCounts })).exactOptional(),
});

export const RingAnswerSchema: z.ZodType<RingAnswer> = z.object({
  now: z.number(),
  service: z.string(),
  function: z.string(),
  qualifier: z.string(),
  versions: z.array(RingVersionSchema),
  probes: z.array(RingVersionSchema).exactOptional(),
});
