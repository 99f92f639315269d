/**
 * Temporal workflows: `lane` (one per project environment) and `release` (one per push). Deterministic: time, chance
 * and the outside world come through the SDK. They import `domain/` and the types of `activities/`, nothing else;
 * `messages.ts` alone is for others.
 */
export { lane } from './lane.ts';
export { release } from './release/release.ts';
