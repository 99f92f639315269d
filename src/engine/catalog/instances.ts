/** What runs of a function: the instances of a qualifier, and how many of them are provisioned. */
import type { Logger } from '../../platform/log.ts';
import { invalidArgument } from '../http/api-error.ts';
import { checkHandshake, COMMAND_QUERY, joinCommand, readCommandRequest } from '../http/command-socket.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import { json, type Call, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import type { Revision, Runner } from '../invoke/contract.ts';
import { noInstance } from '../invoke/refusals.ts';
import { attachmentsOf } from './attachments.ts';
import type { Catalog } from './catalog.ts';
import { sharesOf } from './instance-bounds.ts';
import type { Provisioned } from './provision-configs.ts';
import { qualifiedFunction } from './qualified.ts';
import { z } from 'zod';
import { pageOf } from '../http/answers.ts';

export function instanceOperations(catalog: Catalog, runner: Runner, log: Logger): Operation[] {
  /** Which revision each instance of what the path names is one of. */
  function instancesOf(call: Call): Map<string, Revision> {
    const { service, qualifier, function: name } = qualifiedFunction(catalog, call);
    const found = new Map<string, Revision>();
    for (const { target } of sharesOf(catalog.find(service), qualifier, name, 0))
      for (const id of runner.instances(target.revision.key).ready) found.set(id, target.revision);
    return found;
  }

  return [
    {
      name: 'ListInstances',
      method: 'GET',
      path: '/services/{service}/functions/{function}/instances',
      output: pageOf('instances', z.object({ instanceId: z.string(), versionId: z.int() })),
      query: ['limit', 'nextToken'],
      run(call) {
        const instances = instancesOf(call);
        const { items, ...rest } = pageOfNames(call, instances.keys());
        return json({
          instances: items.map((instanceId) => ({
            instanceId,
            versionId: Number(instances.get(instanceId)?.versionId),
          })),
          ...rest,
        });
      },
    },
    {
      name: 'InstanceExec',
      method: 'GET',
      path: '/services/{service}/functions/{function}/instances/{instance}/exec',
      query: COMMAND_QUERY,
      run(call) {
        qualifiedFunction(catalog, call);
        throw invalidArgument('InstanceExec is a WebSocket; send Connection: Upgrade and Upgrade: websocket');
      },
      upgrade(call, upgrade) {
        const id = call.param('instance');
        const revision = instancesOf(call).get(id);
        if (!revision) throw noInstance(id);
        const wanted = readCommandRequest(call.query);
        checkHandshake(upgrade);
        const command = runner.command(revision.key, id, wanted.spec);
        const { service, function: name, versionId } = revision;
        // Arguments may be secrets; that somebody was there is what has to be known.
        const about = { requestId: upgrade.requestId, service, function: name, versionId, instance: id };
        log.info({ ...about, program: wanted.spec.command[0] }, 'a command was started in an instance');
        command.onOver((end) => log.info({ ...about, end }, 'a command in an instance is over'));
        joinCommand(upgrade, command, wanted);
      },
    },
  ];
}

/** How many warm instances a qualifier has of those that it asks for. */
export function countProvisioned(catalog: Catalog, runner: Runner, of: FunctionAddress): Provisioned {
  const state = catalog.find(of.service);
  /** Instances of a revision that qualifiers before this one count as theirs. */
  const taken = new Map<string, number>();
  for (const { name: qualifier, config } of attachmentsOf(state, 'provision', of.function)) {
    let current = 0;
    let currentError = '';
    for (const { target, share } of sharesOf(state, qualifier, of.function, config.target)) {
      const { key } = target.revision;
      const { ready, provisionError } = runner.instances(key);
      const before = taken.get(key) ?? 0;
      const mine = Math.max(0, Math.min(share, ready.length - before));
      taken.set(key, before + mine);
      current += mine;
      currentError ||= provisionError;
    }
    if (qualifier === of.qualifier) return { current, currentError };
  }
  return { current: 0, currentError: '' };
}
