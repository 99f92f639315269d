/**
 * Instances that are kept warm, per function and alias or version (guide.md §10, fc-api.md §4 Provision). What runs
 * is asked of whoever runs it: `current` is counted, never remembered.
 */
import { z } from 'zod';
import { parseCron } from '../../domain/schedule/cron.ts';
import { ApiError, invalidArgument } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import { json, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import { attachmentsOf, type AttachmentRecord } from './attachments.ts';
import type { Catalog } from './catalog.ts';
import { qualifiedFunction, QualifiedConfigs } from './qualified.ts';
import { pageOf } from '../http/answers.ts';

const UtcTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "must be UTC, e.g. '2026-01-01T00:00:00Z'");

const ScheduledAction = z.object({
  name: z.string().min(1).max(128),
  startTime: UtcTime,
  endTime: UtcTime,
  scheduleExpression: z.string(),
  /** The guide calls it so, the SDKs call it `target`. */
  targetValue: z.int().min(0).exactOptional(),
  target: z.int().min(0).exactOptional(),
});

const TargetTrackingPolicy = z.object({
  name: z.string().min(1).max(128),
  startTime: UtcTime,
  endTime: UtcTime,
  metricType: z.enum(['ProvisionedConcurrencyUtilization', 'CPUUtilization', 'GPUMemUtilization']),
  metricTarget: z.number().gt(0).max(1),
  minCapacity: z.int().min(0),
  maxCapacity: z.int().min(1),
});

const PutProvisionConfigInput = z.object({
  /** Instances; 0 ends provisioning. */
  target: z.int().min(0).max(300),
  scheduledActions: z.array(ScheduledAction).max(100).default([]),
  targetTrackingPolicies: z.array(TargetTrackingPolicy).max(100).default([]),
  alwaysAllocateCPU: z.boolean().exactOptional(),
});

const ProvisionAnswer = PutProvisionConfigInput.extend({
  resource: z.string(),
  current: z.int(),
  currentError: z.string(),
});

export type ProvisionConfig = z.infer<typeof PutProvisionConfigInput>;

/** What runs of it. */
export interface Provisioned {
  readonly current: number;
  /** Why the newest start of such an instance failed; empty when none did. */
  readonly currentError: string;
}

const PATH = '/services/{service}/functions/{function}/provision-config';

export interface ProvisionOptions {
  readonly catalog: Catalog;
  readonly accountId: string;
  readonly provisioned: (of: FunctionAddress) => Provisioned;
}

export function provisionConfigOperations(options: ProvisionOptions): Operation[] {
  const { catalog, accountId } = options;

  const resourceOf = ({ service, qualifier, function: name }: FunctionAddress): string =>
    `${accountId}#${service}#${qualifier}#${name}`;
  const viewOf = (
    of: FunctionAddress,
    { config }: AttachmentRecord<'provision'>,
  ): z.infer<typeof ProvisionAnswer> => ({
    resource: resourceOf(of),
    ...config,
    ...options.provisioned(of),
  });
  const configs = new QualifiedConfigs(
    catalog,
    'provision',
    (of) =>
      new ApiError(404, 'ProvisionConfigNotFound', `'${resourceOf(of)}' has no provision configuration`),
  );

  return [
    {
      name: 'PutProvisionConfig',
      method: 'PUT',
      path: PATH,
      conditional: true,
      output: ProvisionAnswer,
      input: PutProvisionConfigInput,
      async run(call) {
        const of = qualifiedFunction(catalog, call);
        if (of.qualifier === 'LATEST')
          throw invalidArgument(
            'provisioned instances belong to a version or an alias; name one, not LATEST',
          );
        const config = call.body(PutProvisionConfigInput);
        checkPlans(config);
        const stored = await configs.put(of, config, (etag) =>
          call.requireMatch(etag, `the provision configuration '${resourceOf(of)}'`),
        );
        return json(viewOf(of, stored), stored.etag);
      },
    },
    {
      name: 'GetProvisionConfig',
      method: 'GET',
      path: PATH,
      output: ProvisionAnswer,
      run(call) {
        const of = qualifiedFunction(catalog, call);
        const record = configs.find(of);
        return json(viewOf(of, record), record.etag);
      },
    },
    {
      name: 'ListProvisionConfigs',
      method: 'GET',
      path: '/provision-configs',
      output: pageOf('provisionConfigs', ProvisionAnswer),
      query: ['serviceName', 'qualifier', 'nextToken', 'limit'],
      run(call) {
        const serviceName = call.optional('serviceName');
        const wanted = call.optional('qualifier');
        const found = new Map<string, () => z.infer<typeof ProvisionAnswer>>();
        for (const [service, state] of catalog.services) {
          if (serviceName !== undefined && service !== serviceName) continue;
          for (const record of attachmentsOf(state, 'provision')) {
            const of = { service, qualifier: record.name, function: record.function };
            if (wanted === undefined || wanted === record.name)
              found.set(resourceOf(of), () => viewOf(of, record));
          }
        }
        const { items, ...rest } = pageOfNames(call, found.keys());
        return json({ provisionConfigs: items.map((resource) => found.get(resource)?.()), ...rest });
      },
    },
  ];
}

/** Throws where a plan cannot be read, or contradicts itself. */
function checkPlans({ scheduledActions, targetTrackingPolicies }: ProvisionConfig): void {
  for (const { name, scheduleExpression, target, targetValue } of scheduledActions) {
    const fault = scheduleFault(scheduleExpression);
    if (fault !== undefined)
      throw invalidArgument(`scheduledActions: scheduleExpression of '${name}' ${fault}`);
    if (target === undefined && targetValue === undefined)
      throw invalidArgument(`scheduledActions: '${name}' needs a target`);
  }
  for (const { name, minCapacity, maxCapacity } of targetTrackingPolicies)
    if (minCapacity > maxCapacity)
      throw invalidArgument(`targetTrackingPolicies: minCapacity of '${name}' is above its maxCapacity`);
  for (const { name, startTime, endTime } of [...scheduledActions, ...targetTrackingPolicies])
    if (Date.parse(startTime) >= Date.parse(endTime))
      throw invalidArgument(`'${name}': startTime must be before endTime`);
}

/** `at(yyyy-mm-ddThh:mm:ss)` or `cron(…)`; what is wrong, or `undefined`. */
function scheduleFault(expression: string): string | undefined {
  const [, kind, inner = ''] = /^(at|cron)\((.*)\)$/.exec(expression) ?? [];
  if (kind === 'at')
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(inner) && !Number.isNaN(Date.parse(`${inner}Z`))
      ? undefined
      : `has '${inner}' in at(), which is no time like 2026-01-01T00:00:00`;
  if (kind !== 'cron') return `must be at(…) or cron(…), not '${expression}'`;
  const parsed = parseCron(inner, 'UTC');
  return parsed.ok ? undefined : parsed.fault;
}
