/**
 * What a person's rollback leaves in its own record, event by event. The lane and the API tell it in the same order, so
 * that one may go on where the other stopped, and an event that both store is stored once.
 */
import { regionIn } from '../names/place.ts';
import type { Actor, ReleaseEvent } from './events.ts';
import { because } from './words.ts';

export interface RollbackTarget {
  readonly service: string;
  /** Version to go to. */
  readonly version: string;
}

export interface RolledBack extends RollbackTarget {
  readonly alias: string;
  /** Version that had the traffic before; `null`: unknown. */
  readonly left: string | null;
}

interface Wish {
  readonly actor: Actor;
  readonly comment: string;
  readonly targets: readonly RollbackTarget[];
}

/** For example `by eve, to version 3 of shop: prices are wrong`. */
function sayWish({ actor, comment, targets }: Wish): string {
  const places = targets.map(({ service, version }) => `version ${version} of ${service}`);
  return `by ${actor.name}, to ${places.join(' and ')}${because(comment)}`;
}

/** Before any alias is moved. */
export function rollbackBegun(wish: Wish): ReleaseEvent[] {
  const sentence = sayWish(wish);
  return [{ type: 'started' }, { type: 'rollback-started', cause: 'person', sentence, actor: wish.actor }];
}

/** After all of them were moved, in the order of the wish. */
export function rollbackDone(wish: Wish, moved: readonly RolledBack[]): ReleaseEvent[] {
  return [...moved.map(trafficOf), { type: 'rolled-back', cause: 'person', sentence: sayWish(wish) }];
}

/** Where one could not be moved; `moved` are those that were. */
export function rollbackFailed(moved: readonly RolledBack[], sentence: string): ReleaseEvent[] {
  return [...moved.map(trafficOf), { type: 'failed', stage: 'rollback', sentence }];
}

function trafficOf({ service, alias, version, left }: RolledBack): ReleaseEvent {
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
  };
}
