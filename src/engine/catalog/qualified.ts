/** The function and qualifier that a config hangs on: both must be there when it is set. */
import { functionNotFound } from '../http/api-error.ts';
import type { Call } from '../http/operation.ts';
import type { Catalog } from './catalog.ts';
import { deploymentOf, type ServiceState } from './service-state.ts';

export interface Qualified {
  readonly service: string;
  readonly qualifier: string;
  readonly function: string;
}

/** What the path names; throws 404 where the service, the qualifier or the function is missing. */
export function qualifiedFunction(catalog: Catalog, call: Call): Qualified {
  const { service, qualifier } = call.serviceAndQualifier;
  const qualified = { service, qualifier, function: call.param('function') };
  checkThere(catalog.find(service), qualified);
  return qualified;
}

export function checkThere(state: ServiceState, { service, qualifier, function: name }: Qualified): void {
  if (!deploymentOf(state, qualifier).functions.has(name)) throw functionNotFound(service, name);
}
