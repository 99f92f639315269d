/**
 * What hangs on a service and is no part of its versions: tags, VPC bindings, and per function and qualifier how it is
 * called asynchronously, kept warm and capped. One table and one map for all kinds, so that a further kind is its
 * resource's file and a line in `AttachmentConfigs`. Whatever an attachment names goes with it.
 */
import type { AsyncConfig } from './async-configs.ts';
import type { Draft } from './catalog.ts';
import type { OnDemandConfig } from './on-demand-configs.ts';
import type { ProvisionConfig } from './provision-configs.ts';
import type { Stamp } from './records.ts';
import type { ServiceParts, ServiceState } from './service-state.ts';

export interface AttachmentConfigs {
  /** The tag's value. */
  readonly tag: string;
  /** A VPC from which the service may be called. */
  readonly binding: true;
  readonly async: AsyncConfig;
  readonly provision: ProvisionConfig;
  readonly 'on-demand': OnDemandConfig;
}

export type AttachmentKind = keyof AttachmentConfigs;

export type AttachmentRecord<Kind extends AttachmentKind = AttachmentKind> = Stamp & {
  readonly kind: Kind;
  /** Empty where it is the service's own. */
  readonly function: string;
  /** Tag key, VPC id, or qualifier. */
  readonly name: string;
  readonly config: AttachmentConfigs[Kind];
};

export type AttachmentMap = ReadonlyMap<string, AttachmentRecord>;

/** Names of functions have no slash. */
export function attachmentKey(kind: string, functionName: string, name: string): string {
  return `${kind}/${functionName}/${name}`;
}

export function attachmentOf<Kind extends AttachmentKind>(
  state: ServiceParts,
  kind: Kind,
  functionName: string,
  name: string,
): AttachmentRecord<Kind> | undefined {
  const found = state.attachments.get(attachmentKey(kind, functionName, name));
  return found as AttachmentRecord<Kind> | undefined;
}

/** All of a kind, by name in byte order; of one function where it is given. */
export function attachmentsOf<Kind extends AttachmentKind>(
  state: ServiceParts,
  kind: Kind,
  functionName?: string,
): AttachmentRecord<Kind>[] {
  const found: AttachmentRecord<Kind>[] = [];
  for (const record of state.attachments.values())
    if (record.kind === kind && (functionName === undefined || record.function === functionName))
      found.push(record as AttachmentRecord<Kind>);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The state with these, set anew or changed. */
export function withAttachments(state: ServiceState, records: readonly AttachmentRecord[]): Draft {
  const attachments = new Map(state.attachments);
  for (const record of records)
    attachments.set(attachmentKey(record.kind, record.function, record.name), record);
  const service = state.service.name;
  return {
    parts: { ...state, attachments },
    async write(rows) {
      for (const record of records) {
        const text = JSON.stringify(record);
        const { kind, function: functionName, name } = record;
        await rows
          .insertInto('attachments')
          .values({ service, kind, function: functionName, name, record: text })
          .onConflict((conflict) =>
            conflict.columns(['service', 'kind', 'function', 'name']).doUpdateSet({ record: text }),
          )
          .execute();
      }
    },
  };
}

/** Without those that `isGone` names: because they were deleted, or what they hang on is. */
export function withoutAttachments(
  state: ServiceState,
  isGone: (record: AttachmentRecord) => boolean,
): Draft {
  const gone = [...state.attachments].filter(([, record]) => isGone(record));
  if (gone.length === 0) return { parts: state, write: () => Promise.resolve() };
  const attachments = new Map(state.attachments);
  for (const [key] of gone) attachments.delete(key);
  return {
    parts: { ...state, attachments },
    async write(rows) {
      for (const [, record] of gone)
        await rows
          .deleteFrom('attachments')
          .where('service', '=', state.service.name)
          .where('kind', '=', record.kind)
          .where('function', '=', record.function)
          .where('name', '=', record.name)
          .execute();
    },
  };
}

/** Configs of a version or alias go with it. */
export function withoutQualifier(state: ServiceState, qualifier: string): Draft {
  return withoutAttachments(state, (record) => record.function !== '' && record.name === qualifier);
}

/** Configs of a function go with it, under every qualifier: older versions keep the function but nobody sets them. */
export function withoutFunction(state: ServiceState, name: string): Draft {
  return withoutAttachments(state, (record) => record.function === name && record.name === 'LATEST');
}
