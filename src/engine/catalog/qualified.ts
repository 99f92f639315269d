/**
 * Configs of a function per qualifier: both must be there when one is set. How each kind is read, set and removed is
 * the same; what it says is in its resource's file.
 */
import { functionNotFound, type ApiError } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import type { Call } from '../http/operation.ts';
import {
  attachmentOf,
  withAttachments,
  withoutAttachments,
  type AttachmentConfigs,
  type AttachmentRecord,
} from './attachments.ts';
import type { Catalog } from './catalog.ts';
import { deploymentOf, type ServiceState } from './service-state.ts';

type QualifiedKind = 'async' | 'on-demand' | 'provision';

/** What the path names; throws 404 where the service, the qualifier or the function is missing. */
export function qualifiedFunction(catalog: Catalog, call: Call): FunctionAddress {
  const address = { ...call.serviceAndQualifier, function: call.param('function') };
  checkThere(catalog.find(address.service), address);
  return address;
}

function checkThere(state: ServiceState, { service, qualifier, function: name }: FunctionAddress): void {
  if (!deploymentOf(state, qualifier).functions.has(name)) throw functionNotFound(service, name);
}

export class QualifiedConfigs<Kind extends QualifiedKind> {
  readonly #catalog: Catalog;
  readonly #kind: Kind;
  readonly #notThere: (of: FunctionAddress) => ApiError;

  /** @param notThere the 404 of this kind */
  constructor(catalog: Catalog, kind: Kind, notThere: (of: FunctionAddress) => ApiError) {
    this.#catalog = catalog;
    this.#kind = kind;
    this.#notThere = notThere;
  }

  /** The record, or the 404. */
  find(of: FunctionAddress): AttachmentRecord<Kind> {
    return this.#foundIn(this.#catalog.find(of.service), of);
  }

  /** @param checkEtag throws where the caller wants to replace another one; empty: there is none */
  async put(
    of: FunctionAddress,
    config: AttachmentConfigs[Kind],
    checkEtag: (etag: string) => void = () => undefined,
  ): Promise<AttachmentRecord<Kind>> {
    const { function: functionName, qualifier: name } = of;
    const state = await this.#catalog.change(of.service, (current) => {
      checkThere(current, of);
      const before = attachmentOf(current, this.#kind, functionName, name);
      checkEtag(before?.etag ?? '');
      return (stamp) => {
        const createdAt = before?.createdAt ?? stamp.createdAt;
        const record = { kind: this.#kind, function: functionName, name, config, ...stamp, createdAt };
        return withAttachments(current, [record]);
      };
    });
    return this.#foundIn(state, of);
  }

  async remove(of: FunctionAddress, checkEtag: (etag: string) => void = () => undefined): Promise<void> {
    await this.#catalog.change(of.service, (state) => {
      const found = this.#foundIn(state, of);
      checkEtag(found.etag);
      return () => withoutAttachments(state, (record) => record === found);
    });
  }

  #foundIn(state: ServiceState, of: FunctionAddress): AttachmentRecord<Kind> {
    const record = attachmentOf(state, this.#kind, of.function, of.qualifier);
    if (!record) throw this.#notThere(of);
    return record;
  }
}
