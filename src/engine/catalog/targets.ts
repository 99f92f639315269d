/**
 * The functions of one version as calls find them. A target is made when it is first asked for, from records that never
 * change: most functions of a large catalog are never called between two starts of the engine, and their revisions took
 * half of its start and of its memory.
 */
import { LATEST } from '../../domain/names/fc.ts';
import type { Revision } from '../invoke/contract.ts';
import type { Series } from '../metrics/series.ts';
import type { FunctionRecord, ServiceRecord } from './records.ts';
import { revisionOf } from './revision.ts';

/** A function as a call finds it. */
export interface Target {
  readonly revision: Revision;
  /** Version number, or LATEST: what `X-Fc-Invocation-Service-Version` says. */
  readonly version: string;
  /** Counters by qualifier, opened at the first call. */
  readonly series: Map<string, Series>;
}

export interface TargetSource {
  /** Version number, or LATEST. */
  readonly version: string;
  readonly service: ServiceRecord;
  readonly functions: ReadonlyMap<string, FunctionRecord>;
  /** Absolute folder of an unpacked package, or of several over each other. */
  readonly folderOf: (name: string) => string;
}

export class Targets {
  readonly #source: TargetSource;
  readonly #made = new Map<string, Target>();

  /** Takes over what was made of `before`, with its warm instances and counters: whole where its revision is the same. */
  constructor(source: TargetSource, before: Targets | undefined) {
    this.#source = source;
    for (const [name, known] of before ? before.#made : []) {
      const revision = this.#revisionOf(name);
      if (revision)
        this.#made.set(name, revision.key === known.revision.key ? known : { ...known, revision });
    }
  }

  has(name: string): boolean {
    return this.#source.functions.has(name);
  }

  get(name: string): Target | undefined {
    return this.#made.get(name) ?? this.#make(name);
  }

  /** Those that were asked for: nothing runs of the others. */
  made(): Iterable<Target> {
    return this.#made.values();
  }

  #make(name: string): Target | undefined {
    const revision = this.#revisionOf(name);
    if (!revision) return undefined;
    const target = { revision, version: this.#source.version, series: new Map<string, Series>() };
    this.#made.set(name, target);
    return target;
  }

  #revisionOf(name: string): Revision | undefined {
    const { service, functions, version, folderOf } = this.#source;
    const record = functions.get(name);
    return record && revisionOf(service, record, version === LATEST ? '' : version, folderOf);
  }
}
