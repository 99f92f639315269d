/** What a service may be set to: the schema is the one source of its validation, type and defaults (fc-api.md §4). */
import { z } from 'zod';
import { DESCRIPTION_MAX, isRoleArn, isServiceName, NAME_RULE } from '../../domain/names/fc.ts';
import { accessDenied, invalidArgument } from '../http/api-error.ts';
import { Times } from '../http/answers.ts';

export const Description = z.string().max(DESCRIPTION_MAX);

const LogConfig = z.object({
  project: z.string().default(''),
  logstore: z.string().default(''),
  enableRequestMetrics: z.boolean().default(false),
  enableInstanceMetrics: z.boolean().default(false),
  logBeginRule: z.enum(['None', 'DefaultRegex']).exactOptional(),
});

const VpcConfig = z.object({
  vpcId: z.string().default(''),
  vSwitchIds: z.array(z.string()).default([]),
  securityGroupId: z.string().default(''),
});

const NasId = z.int().min(-1).max(65_534);
const NasConfig = z.object({
  userId: NasId.default(-1),
  groupId: NasId.default(-1),
  mountPoints: z
    .array(z.object({ serverAddr: z.string(), mountDir: z.string(), enableTLS: z.boolean().exactOptional() }))
    .max(5)
    .default([]),
});

const TracingConfig = z.object({
  type: z.enum(['', 'Jaeger']).default(''),
  params: z
    .object({
      endpoint: z
        .string()
        .max(1_024)
        .refine((text) => text === '' || /^https?:\/\/[^/]/.test(text), "must be 'http(s)://{host}/…'")
        .exactOptional(),
    })
    .loose()
    .default({}),
});

const OssMountConfig = z.object({ mountPoints: z.array(z.record(z.string(), z.unknown())).default([]) });

const ServiceFields = {
  description: Description.exactOptional(),
  role: z
    .string()
    .refine((role) => role === '' || isRoleArn(role), "must be empty or 'acs:ram::{account}:role/{name}'")
    .exactOptional(),
  logConfig: LogConfig.exactOptional(),
  vpcConfig: VpcConfig.exactOptional(),
  nasConfig: NasConfig.exactOptional(),
  internetAccess: z.boolean().exactOptional(),
  tracingConfig: TracingConfig.exactOptional(),
  ossMountConfig: OssMountConfig.exactOptional(),
  vendorConfig: z.record(z.string(), z.unknown()).exactOptional(),
  useSLRAuthentication: z.boolean().exactOptional(),
};

export const UpdateServiceInput = z.object(ServiceFields);
export const CreateServiceInput = z.object({
  serviceName: z.string().refine(isServiceName, `must be ${NAME_RULE}`),
  ...ServiceFields,
});

/** What is answered of a service. */
export const ServiceAnswer = UpdateServiceInput.required({
  description: true,
  role: true,
  logConfig: true,
  vpcConfig: true,
  nasConfig: true,
  internetAccess: true,
}).extend({
  serviceName: z.string(),
  serviceId: z.string(),
  tracingConfig: z.union([TracingConfig, z.object({ type: z.null(), params: z.null() })]),
  tags: z.record(z.string(), z.string()),
  ...Times,
});

type ServiceSettings = z.infer<typeof UpdateServiceInput>;

/** Every member that has a default is there. */
export type ServiceConfig = ServiceSettings &
  Required<Omit<ServiceSettings, 'ossMountConfig' | 'vendorConfig' | 'useSLRAuthentication'>>;

const DEFAULTS: ServiceConfig = {
  description: '',
  role: '',
  logConfig: LogConfig.parse({}),
  vpcConfig: VpcConfig.parse({}),
  nasConfig: NasConfig.parse({}),
  internetAccess: true,
  tracingConfig: TracingConfig.parse({}),
};

/** Completes what an older engine stored, which did not know all members. */
export function completeServiceConfig(stored: Partial<ServiceConfig>): ServiceConfig {
  return { ...DEFAULTS, ...stored };
}

/**
 * The settings that hold after `changes`: members given replace those stored, whole.
 *
 * @throws ApiError `InvalidArgument` where members contradict each other, or ask for what this engine does not do;
 *   `AccessDenied` where a VPC is named without a role that may reach into it (guide.md §8)
 */
export function serviceConfig(stored: Partial<ServiceConfig>, changes: ServiceSettings): ServiceConfig {
  const config: ServiceConfig = { ...completeServiceConfig(stored), ...changes };
  const { project, logstore } = config.logConfig;
  if ((project === '') !== (logstore === ''))
    throw invalidArgument('logConfig: project and logstore must be set together, or both be empty');
  if (project !== '' && config.role === '')
    throw invalidArgument('logConfig: the service needs a role that may write to the log store');
  const hasVpc = checkVpc(config);
  checkNas(config, hasVpc);
  if (hasVpc)
    throw invalidArgument(
      'vpcConfig: there is no VPC here, so nothing can be said of its vSwitches, their zones and the security group; leave it out or empty: what functions reach is decided by internetAccess alone',
    );
  if ((config.ossMountConfig?.mountPoints.length ?? 0) > 0) throw notServed('ossMountConfig.mountPoints');
  if (config.tracingConfig.type === 'Jaeger' && jaegerEndpointOf(config) === '')
    throw invalidArgument("tracingConfig: params.endpoint is required with type 'Jaeger'");
  return config;
}

/** Where spans of the service's calls go; empty: they are not traced. */
export function jaegerEndpointOf({ tracingConfig: { type, params } }: ServiceConfig): string {
  return type === 'Jaeger' ? (params.endpoint ?? '') : '';
}

/** Whether a VPC is named; throws where that is done by halves (guide.md §8). */
function checkVpc({ vpcConfig, role }: ServiceConfig): boolean {
  const { vpcId, vSwitchIds, securityGroupId } = vpcConfig;
  const given = [vpcId !== '', vSwitchIds.length > 0, securityGroupId !== ''];
  if (!given.includes(true)) return false;
  if (given.includes(false))
    throw invalidArgument(
      'vpcConfig: vpcId, vSwitchIds and securityGroupId must be set together, or none of them',
    );
  for (const [id, member, prefix] of [
    [vpcId, 'vpcId', 'vpc'],
    ...vSwitchIds.map((one) => [one, 'vSwitchIds', 'vsw'] as const),
    [securityGroupId, 'securityGroupId', 'sg'],
  ] as const)
    if (!new RegExp(`^${prefix}-[A-Za-z0-9]{1,60}$`).test(id))
      throw invalidArgument(`vpcConfig.${member}: must be '${prefix}-…', not '${id}'`);
  if (new Set(vSwitchIds).size < vSwitchIds.length)
    throw invalidArgument('vpcConfig.vSwitchIds: a vSwitch is there twice');
  if (role === '') throw accessDenied('vpcConfig: the service needs a role that may make network interfaces');
  return true;
}

/** Throws where a mount could not be made on the cloud either (guide.md §9). */
function checkNas({ nasConfig }: ServiceConfig, hasVpc: boolean): void {
  const folders = new Set<string>();
  for (const { serverAddr, mountDir } of nasConfig.mountPoints) {
    if (!/^[A-Za-z0-9.-]+:\/.*$/.test(serverAddr))
      throw invalidArgument(
        `nasConfig.mountPoints: serverAddr must be 'host:/absolute/folder', not '${serverAddr}'`,
      );
    if (!/^\/(mnt|home)\/[^/]/.test(mountDir) || mountDir.split('/').includes('..'))
      throw invalidArgument(
        `nasConfig.mountPoints: mountDir must be a folder below /mnt or /home, not '${mountDir}'`,
      );
    if (folders.has(mountDir))
      throw invalidArgument(`nasConfig.mountPoints: mountDir '${mountDir}' is there twice`);
    folders.add(mountDir);
  }
  if (folders.size > 0 && !hasVpc)
    throw invalidArgument('nasConfig.mountPoints: a file system is reached through a VPC; set vpcConfig too');
}

/** What would change how functions run must not be accepted and then left undone. */
export function notServed(member: string): Error {
  return invalidArgument(`${member} is not supported by this engine; leave it out or empty`);
}
