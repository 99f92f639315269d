/** What a function may be set to: the schema is the one source of its validation, type and defaults (fc-api.md §4). */
import { z } from 'zod';
import {
  CA_PORT,
  ENVIRONMENT_BYTES_MAX,
  FUNCTION_RANGES,
  HOOK_TIMEOUT,
  isEnvironmentVariableName,
  isFunctionName,
  MEMORY_UNIT_MB,
  NAME_RULE,
} from '../../domain/names/fc.ts';
import {
  CONTAINER_RUNTIME,
  familyOf,
  isConcurrent,
  isSupportedRuntime,
  SUPPORTED_RUNTIMES,
} from '../../domain/names/runtimes.ts';
import { invalidArgument } from '../http/api-error.ts';
import { CodeInput } from './code-input.ts';
import { ContainerConfig } from './container-config.ts';
import { HealthCheckConfig } from './health-check-config.ts';
import { DnsConfig } from './dns-config.ts';
import { Description, notServed } from './service-config.ts';
import { Times } from '../http/answers.ts';

/** Names that the platform gives itself; runtimes.md §9. */
const RESERVED_VARIABLES = ['accessKeyID', 'accessKeySecret', 'securityToken', 'topic'];

const range = ({ min, max }: { readonly min: number; readonly max: number }) => z.int().min(min).max(max);

const Hook = z.object({
  handler: z.string().default(''),
  timeout: range(HOOK_TIMEOUT).default(HOOK_TIMEOUT.default),
});

/** Of `cpu`, whose memory in GB is one to four times as many. */
const CPU_STEP = 0.05;
const MEMORY_PER_CPU_GB = { min: 1, max: 4 };

/** Of a command line, whose parts cannot hold a zero byte. */
const Argument = z.string().refine((text) => !text.includes('\0'), 'must not have a zero byte');

const FunctionFields = {
  description: Description.exactOptional(),
  runtime: z.string().exactOptional(),
  handler: z.string().min(1).max(256).exactOptional(),
  code: CodeInput.exactOptional(),
  initializer: z.string().max(256).exactOptional(),
  initializationTimeout: range(FUNCTION_RANGES.initializationTimeout).exactOptional(),
  timeout: range(FUNCTION_RANGES.timeout).exactOptional(),
  memorySize: range(FUNCTION_RANGES.memorySize).multipleOf(MEMORY_UNIT_MB).exactOptional(),
  cpu: z.number().positive().multipleOf(CPU_STEP).exactOptional(),
  diskSize: z.literal([512, 10_240]).exactOptional(),
  gpuMemorySize: z.int().exactOptional(),
  instanceConcurrency: z.int().min(0).max(FUNCTION_RANGES.instanceConcurrency.max).exactOptional(),
  instanceSoftConcurrency: z.int().min(0).exactOptional(),
  instanceType: z.string().exactOptional(),
  environmentVariables: z.record(z.string(), z.string()).exactOptional(),
  layers: z.array(z.string()).exactOptional(),
  caPort: range(CA_PORT).exactOptional(),
  customContainerConfig: ContainerConfig.exactOptional(),
  customRuntimeConfig: z
    .object({ command: z.array(Argument).exactOptional(), args: z.array(Argument).exactOptional() })
    .exactOptional(),
  customHealthCheckConfig: HealthCheckConfig.exactOptional(),
  instanceLifecycleConfig: z
    .object({ preFreeze: Hook.exactOptional(), preStop: Hook.exactOptional() })
    .exactOptional(),
  customDNS: DnsConfig.exactOptional(),
};

export const UpdateFunctionInput = z.object(FunctionFields);
export const CreateFunctionInput = z.object({
  ...FunctionFields,
  functionName: z.string().refine(isFunctionName, `must be ${NAME_RULE}`),
  runtime: z.string(),
  handler: z.string().min(1).max(256),
});

/** What is answered of a function; its code has an operation of its own. */
export const FunctionAnswer = UpdateFunctionInput.omit({ code: true })
  .required({
    description: true,
    runtime: true,
    handler: true,
    initializer: true,
    initializationTimeout: true,
    timeout: true,
    memorySize: true,
    instanceConcurrency: true,
    instanceType: true,
    environmentVariables: true,
    layers: true,
  })
  .extend({
    functionName: z.string(),
    functionId: z.string(),
    /** Bytes of the zip. */
    codeSize: z.int(),
    /** CRC-64/XZ of the zip, decimal; empty for a container. */
    codeChecksum: z.string(),
    ...Times,
  });

type FunctionSettings = Omit<z.infer<typeof UpdateFunctionInput>, 'code'>;

/** Every member that has a default is there. */
export type FunctionConfig = FunctionSettings &
  Required<
    Pick<
      FunctionSettings,
      | 'description'
      | 'runtime'
      | 'handler'
      | 'initializer'
      | 'initializationTimeout'
      | 'timeout'
      | 'memorySize'
      | 'instanceConcurrency'
      | 'instanceType'
      | 'environmentVariables'
      | 'layers'
    >
  >;

type Defaulted = Omit<FunctionConfig, 'runtime' | 'handler'>;

const DEFAULTS: Defaulted = {
  description: '',
  initializer: '',
  initializationTimeout: FUNCTION_RANGES.initializationTimeout.default,
  timeout: FUNCTION_RANGES.timeout.default,
  memorySize: FUNCTION_RANGES.memorySize.default,
  instanceConcurrency: FUNCTION_RANGES.instanceConcurrency.default,
  instanceType: 'e1',
  environmentVariables: {},
  layers: [],
};

type StoredFunction = Partial<FunctionConfig> & Pick<FunctionConfig, 'runtime' | 'handler'>;

/** Completes what an older engine stored, which did not know all members. */
export function completeFunctionConfig(stored: StoredFunction): FunctionConfig {
  return { ...DEFAULTS, ...stored };
}

/**
 * The settings that hold after `changes`: members given replace those stored, whole.
 *
 * @throws ApiError `InvalidArgument` where members contradict each other, or ask for what this engine does not do
 */
export function functionConfig(stored: StoredFunction, changes: FunctionSettings): FunctionConfig {
  const merged: FunctionConfig = { ...completeFunctionConfig(stored), ...changes };
  // 0 is how clients say "not set".
  const config = { ...merged, instanceConcurrency: merged.instanceConcurrency || 1 };
  checkRuntime(stored.runtime, config);
  checkEnvironment(config.environmentVariables);
  if ((config.instanceSoftConcurrency ?? 0) > config.instanceConcurrency)
    throw invalidArgument('instanceSoftConcurrency must not be above instanceConcurrency');
  if (!['e1', 'c1'].includes(config.instanceType)) throw notServed(`instanceType '${config.instanceType}'`);
  if (config.gpuMemorySize) throw notServed('gpuMemorySize');
  checkCpu(config);
  checkContainer(config);
  return config;
}

function checkRuntime(before: string, config: FunctionConfig): void {
  const { runtime } = config;
  if (!isSupportedRuntime(runtime))
    throw invalidArgument(
      `Runtime is set to an invalid value: '${runtime}' is unknown; accepted are ${SUPPORTED_RUNTIMES.join(', ')}`,
    );
  if (familyOf(before) !== familyOf(runtime))
    throw invalidArgument(`runtime cannot change from '${before}' to '${runtime}': another language`);
  if (config.instanceConcurrency > 1 && !isConcurrent(runtime))
    throw invalidArgument(`instanceConcurrency must be 1 for runtime '${runtime}'`);
}

function checkCpu({ cpu, memorySize }: FunctionConfig): void {
  if (cpu === undefined) return;
  const perCpu = memorySize / 1_024 / cpu;
  const { min, max } = MEMORY_PER_CPU_GB;
  if (perCpu < min || perCpu > max)
    throw invalidArgument(
      `cpu: ${cpu} with memorySize ${memorySize} is 1:${perCpu.toFixed(2)} in GB; from 1:${min} to 1:${max} is allowed`,
    );
}

function checkContainer({ runtime, layers, customContainerConfig: container }: FunctionConfig): void {
  if (runtime !== CONTAINER_RUNTIME) {
    // Some clients send all members, empty.
    if (container?.image)
      throw invalidArgument(`customContainerConfig does not go with runtime '${runtime}'`);
  } else if (layers.length > 0) throw invalidArgument('a container has no layers; its image has all of it');
  else if (!container?.image)
    throw invalidArgument('customContainerConfig.image is required for a container');
  else if (container.webServerMode === false) throw notServed('customContainerConfig.webServerMode false');
}

function checkEnvironment(variables: Readonly<Record<string, string>>): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(variables)) {
    if (!isEnvironmentVariableName(name))
      throw invalidArgument(`environmentVariables: '${name}' must be a letter, then letters, digits and _`);
    if (name.startsWith('FC_') || RESERVED_VARIABLES.includes(name))
      throw invalidArgument(`environmentVariables: '${name}' belongs to the platform`);
    if (value.includes('\0')) throw invalidArgument(`environmentVariables: '${name}' has a zero byte`);
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > ENVIRONMENT_BYTES_MAX)
    throw invalidArgument(
      `environmentVariables: ${bytes} bytes in all; at most ${ENVIRONMENT_BYTES_MAX} are allowed`,
    );
}
