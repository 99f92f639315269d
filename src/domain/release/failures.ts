/**
 * Types of failures that activities hand to workflows. The type says what the workflow does next; both sides name
 * them from here, because activities may not import workflows.
 */
import type { Split } from './split.ts';

export const FAILURES = {
  /** The commit, its plan or its manifest cannot be released as it is; `details[0]` may hold more for people. */
  invalid: 'Invalid',
  /** A build step ended with an error; `details[0]` is `StageFailureDetail`. */
  buildFailed: 'BuildFailed',
  /** The new version did not answer its smoke calls. */
  verifyFailed: 'VerifyFailed',
  /** A hook of the plan failed, and the plan says that the release goes back. */
  hookFailed: 'HookFailed',
  /** FC refused the request for good: a bad argument, a limit. */
  engineRefused: 'EngineRefused',
  /** FC denied access: a key, a right or a clock that an operator can put right, so the release waits. */
  engineDenied: 'EngineDenied',
  /** FC gave no answer, or said "later": worth repeating without end. */
  engineUnreachable: 'EngineUnreachable',
  /** The alias is at neither the state left by the release nor the one wanted; `details[0]` is `OutsideChange`. */
  changedOutside: 'ChangedOutside',
  /** A version that the alias shall have does not exist any more; `details[0]` is `VersionGone`. */
  versionGone: 'VersionGone',
  /** A person moved the alias past the workflow, and the record of it is there; `details[0]` is `Overridden`. */
  overridden: 'Overridden',
} as const;

export type FailureType = (typeof FAILURES)[keyof typeof FAILURES];

/** Failures that no repetition mends. */
export const FINAL_FAILURES: readonly FailureType[] = [
  FAILURES.invalid,
  FAILURES.buildFailed,
  FAILURES.verifyFailed,
  FAILURES.engineRefused,
  FAILURES.changedOutside,
  FAILURES.versionGone,
  FAILURES.overridden,
];

export interface StageFailureDetail {
  /** Last lines of the stage's log, 50 at most. */
  readonly logTail: readonly string[];
}

export interface OutsideChange {
  /** The states as people read them, e.g. `version 3, 5 % to version 4`. */
  readonly expected: string;
  readonly found: string;
  /** `found` as data, `null` = there is no such alias. Left out by failures of before. */
  readonly split?: Split | null;
}

export interface VersionGone {
  readonly version: string;
  /** The newest version before it that exists, or `null`. */
  readonly older: string | null;
}

export interface Overridden {
  readonly actor: string;
  readonly comment: string;
  readonly version: string;
}
