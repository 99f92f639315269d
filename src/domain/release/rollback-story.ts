/**
 * What a rollback leaves in its own record, event by event. The lane and the API tell a person's in the same order, so
 * that one may go on where the other stopped, and an event that both store is stored once.
 */
import { regionIn } from '../names/place.ts';
import type { Actor, ReleaseEvent, RollbackCause } from './events.ts';
import { whereIs, type InWave } from './in-wave.ts';
import { because } from './words.ts';

export interface RollbackTarget {
  readonly service: string;
  /** Version to go to. */
  readonly version: string;
}

export interface RolledBack extends RollbackTarget, InWave {
  readonly alias: string;
  /** Version that had the traffic before; `null`: unknown. */
  readonly left: string | null;
}

interface Wish {
  readonly actor: Actor;
  readonly comment: string;
  readonly targets: readonly RollbackTarget[];
}

export interface RollbackStory {
  readonly cause: Extract<RollbackCause, 'person' | 'bake'>;
  readonly actor: Actor;
  /** Why, for people. */
  readonly sentence: string;
}

/** For example `by eve, to version 3 of shop: prices are wrong`. */
export function personsStory({ actor, comment, targets }: Wish): RollbackStory {
  const places = targets.map(({ service, version }) => `version ${version} of ${service}`);
  const sentence = `by ${actor.name}, to ${places.join(' and ')}${because(comment)}`;
  return { cause: 'person', actor, sentence };
}

/** Before any alias is moved. */
export function rollbackBegun({ cause, actor, sentence }: RollbackStory): ReleaseEvent[] {
  return [{ type: 'started' }, { type: 'rollback-started', cause, sentence, actor }];
}

/** After all of them were moved. */
export function rollbackDone(
  { cause, sentence }: RollbackStory,
  moved: readonly RolledBack[],
): ReleaseEvent[] {
  return [...moved.map(trafficOf), { type: 'rolled-back', cause, sentence }];
}

/** Where one could not be moved; `moved` are those that were. */
export function rollbackFailed(moved: readonly RolledBack[], sentence: string): ReleaseEvent[] {
  return [...moved.map(trafficOf), { type: 'failed', stage: 'rollback', sentence }];
}

function trafficOf(moved: RolledBack): ReleaseEvent {
  const { service, alias, version, left } = moved;
  const region = regionIn(service);
  return {
    type: 'traffic',
    service,
    alias,
    stable: version,
    canary: left ?? version,
    weight: 0,
    step: null,
    ...(region !== null && { region }),
    ...whereIs(moved),
  };
}
