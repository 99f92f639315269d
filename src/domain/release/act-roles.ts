/** What people do to a release beside deciding an approval, and the role that each takes at least. */
import type { Role } from './states.ts';

/** Whoever may push may also stop what was pushed, or hold it; going faster than the plan says is letting a step through. */
export const ACT_ROLES = {
  abort: 'developer',
  pause: 'developer',
  resume: 'developer',
  retry: 'developer',
  yield: 'developer',
  skip: 'release-manager',
  promote: 'release-manager',
  'take-over': 'release-manager',
} as const satisfies Readonly<Record<string, Role>>;

export type PersonAct = keyof typeof ACT_ROLES;
