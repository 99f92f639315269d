/**
 * States, stages and causes of a release. The spelling of every value is part of the stable interface: others read
 * them through the API.
 */

export const RELEASE_STATES = [
  'queued',
  'running',
  'waiting-approval',
  'paused',
  'promoted',
  'rolled-back',
  'superseded',
  'rejected',
  'aborted',
  'failed',
  'unchanged',
  'planned',
] as const;
export type ReleaseState = (typeof RELEASE_STATES)[number];

const END_STATES: ReadonlySet<ReleaseState> = new Set([
  'promoted',
  'rolled-back',
  'superseded',
  'rejected',
  'aborted',
  'failed',
  'unchanged',
  'planned',
]);

/** True when nothing more will happen to the release (a bake time after `promoted` aside). */
export function hasEnded(state: ReleaseState): boolean {
  return END_STATES.has(state);
}

export const STAGES = [
  'source',
  'build',
  'package',
  'deploy',
  'publish',
  'verify',
  'gray',
  'promote',
  'rollback',
  'report',
] as const;
export type Stage = (typeof STAGES)[number];

/** Why a release exists: a push, a person's start, a fault found in the bake time, a person's rollback. */
export const RELEASE_CAUSES = ['push', 'manual', 'bake', 'rollback'] as const;
export type ReleaseCause = (typeof RELEASE_CAUSES)[number];

/** Of releases that a lane runs; the others are records of what lane or API do themselves. */
export const RUN_CAUSES: readonly ReleaseCause[] = ['push', 'manual'];

export const ROLES = ['viewer', 'developer', 'release-manager', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** True when `held` may do what asks for `needed`; roles are ordered, each includes the ones before it. */
export function roleCovers(held: Role, needed: Role): boolean {
  return ROLES.indexOf(held) >= ROLES.indexOf(needed);
}
