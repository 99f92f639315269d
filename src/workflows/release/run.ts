/**
 * What the stages of one release share: who it is, its recorder, what people and the judge said, and which parts of
 * the world it has touched (so that a rollback knows what to put back).
 */
import type { ComparedService, PackagedService, Source, WatchedService } from '../../activities/contract.ts';
import type { ServiceDifference } from '../../domain/difference/difference.ts';
import type { Look } from '../../domain/analysis/look.ts';
import { graySplit, type Split } from '../../domain/release/split.ts';
import { whereIs, type InWave } from '../../domain/release/in-wave.ts';
import type { BakeHarm, ReleaseInput } from '../messages.ts';
import { INITIAL_CONTROL, type Control } from './control.ts';
import { Recorder } from './recorder.ts';

/** A move of an alias. */
export interface Move {
  /** Share of the canary, 0…1. */
  readonly weight: number;
  /** Gray step of the move (0-based); `null` outside the steps. */
  readonly step: number | null;
  /** What stands while the engine cannot be reached. */
  readonly situation: string;
}

/** One service of the release, once its new version exists. */
export interface GrayService extends InWave {
  /** Its place: the service's name, or `region/service`. */
  readonly service: string;
  readonly functions: readonly string[];
  /** Version that the traffic goes back to; another one where it is gone by then. */
  stable: string | null;
  readonly canary: string;
  /** States that the alias may be in by our own doing; a move that was cut off may have happened or not. */
  expected: readonly (Split | null)[];
  /** The newest move that was confirmed. */
  at: Move | null;
}

export interface ReleaseRun {
  readonly input: ReleaseInput;
  readonly startedAt: number;
  readonly record: Recorder;
  control: Control;
  source: Source | null;
  /** What the try before had packaged. */
  kept: { readonly services: readonly PackagedService[]; readonly summary: string } | null;
  packaged: readonly PackagedService[];
  compared: readonly ComparedService[];
  /** Services whose LATEST may have been changed. */
  deployed: Set<string>;
  /** Service → version that the release published. */
  published: Map<string, string>;
  /** Services whose alias the release may have moved. */
  moved: GrayService[];
  /** Services whose alias a person left as somebody else set it. */
  readonly left: Set<string>;
  /** Services whose alias, as the watch says, somebody else may have moved. */
  readonly suspected: Set<string>;
  /** What the bake time of the release before took back meanwhile. */
  wentBack: BakeHarm['targets'];
  /** The newest look that was told. */
  look: Look | null;
}

/** A run that has done nothing yet. */
export function newRun(input: ReleaseInput, startedAt: number): ReleaseRun {
  return {
    input,
    startedAt,
    record: new Recorder(input.releaseId, input.nextSeq),
    control: INITIAL_CONTROL,
    source: null,
    kept: null,
    packaged: [],
    compared: [],
    deployed: new Set(),
    published: new Map(),
    moved: [],
    left: new Set(),
    suspected: new Set(),
    wentBack: [],
    look: null,
  };
}

/** The source stage's result; every later stage has one. */
export function sourceOf(run: ReleaseRun): Source {
  if (run.source === null) throw new Error('the source stage has not ended');
  return run.source;
}

/** Wave by wave, and within one what others need first, as the source stage found it. */
export function inOrder(run: ReleaseRun, services: readonly GrayService[]): GrayService[] {
  const { services: inPlan, places = inPlan } = sourceOf(run);
  const order = places.map(({ service }) => service);
  return services.toSorted((a, b) => order.indexOf(a.service) - order.indexOf(b.service));
}

/** Services that have a version to be compared with, as the watch wants them. */
export function comparable(services: readonly GrayService[]): readonly WatchedService[] {
  return services.flatMap(({ service, functions, stable, canary }) =>
    stable === null ? [] : [{ service, functions, stable, canary }],
  );
}

/** Services whose alias the release moved away from a live version, and that nobody else has now. */
export function toTakeBack({ moved, left }: ReleaseRun): readonly GrayService[] {
  return moved.filter(({ service, stable }) => stable !== null && !left.has(service));
}

/** What the release changes of what is live. */
export function differenceOf({ compared }: ReleaseRun): readonly ServiceDifference[] {
  return compared.flatMap(({ difference }) => difference ?? []);
}

/** Says what is live and what comes. */
export function recordVersions(run: ReleaseRun, services: readonly GrayService[]): void {
  run.record.emit({
    type: 'versions',
    services: services.map((one) => {
      const { service, functions, stable, canary } = one;
      return { service, functions, stable, canary, ...whereIs(one) };
    }),
    difference: differenceOf(run),
  });
}

/** The split of a service at a canary weight. */
export function splitAt(service: GrayService, weight: number): Split {
  return graySplit(service.stable, service.canary, weight);
}
