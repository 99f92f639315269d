/**
 * VPC bindings: the networks that may call a service's functions (guide.md §7). No call reaches this engine from
 * inside a VPC, so a bound service is closed to every caller: that is what the binding asks for.
 */
import { z } from 'zod';
import { accessDenied, ApiError, invalidArgument } from '../http/api-error.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { attachmentOf, attachmentsOf, withAttachments, withoutAttachments } from './attachments.ts';
import type { Catalog } from './catalog.ts';
import type { ServiceParts, ServiceState } from './service-state.ts';

/** Most VPCs that one service may name. */
const BINDINGS_MAX = 20;

const CreateVpcBindingInput = z.object({
  vpcId: z.string().regex(/^vpc-[A-Za-z0-9]{1,60}$/, "must be 'vpc-…'"),
});

export function vpcBindingOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'CreateVpcBinding',
      method: 'POST',
      path: '/services/{service}/bindings',
      input: CreateVpcBindingInput,
      async run(call) {
        const service = call.service;
        catalog.find(service);
        const { vpcId } = call.body(CreateVpcBindingInput);
        await catalog.change(service, (state) => {
          if (attachmentOf(state, 'binding', '', vpcId))
            throw new ApiError(
              409,
              'VpcBindingAlreadyExists',
              `service '${service}' is bound to '${vpcId}' already`,
            );
          if (attachmentsOf(state, 'binding').length >= BINDINGS_MAX)
            throw invalidArgument(`service '${service}' is bound to ${BINDINGS_MAX} VPCs, which is the most`);
          return (stamp) =>
            withAttachments(state, [{ kind: 'binding', function: '', name: vpcId, config: true, ...stamp }]);
        });
        return nothing;
      },
    },
    {
      name: 'ListVpcBindings',
      method: 'GET',
      path: '/services/{service}/bindings',
      output: z.object({ vpcIds: z.array(z.string()) }),
      run: (call) => json({ vpcIds: vpcsOf(catalog.find(call.service)) }),
    },
    {
      name: 'DeleteVpcBinding',
      method: 'DELETE',
      path: '/services/{service}/bindings/{vpc}',
      async run(call) {
        const service = call.service;
        const vpcId = call.param('vpc');
        await catalog.change(service, (state) => {
          if (!attachmentOf(state, 'binding', '', vpcId))
            throw new ApiError(404, 'VpcBindingNotFound', `service '${service}' is not bound to '${vpcId}'`);
          return () => withoutAttachments(state, ({ kind, name }) => kind === 'binding' && name === vpcId);
        });
        return nothing;
      },
    },
  ];
}

export function vpcsOf(state: ServiceParts): string[] {
  return attachmentsOf(state, 'binding').map(({ name }) => name);
}

/** Throws 403 where only VPCs may call: callers of this engine are in none. */
export function checkUnbound({ boundVpc }: ServiceState): void {
  if (boundVpc !== undefined) throw accessDenied(`Resource access is bound by VPC: ${boundVpc}`);
}
