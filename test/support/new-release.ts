/** A release as a push stores it, for tests that are about what happens to it afterwards. */
import { ulid } from 'ulid';
import type { NewRelease } from '../../src/store/releases.ts';

/** @param over what the test is about; the id also keeps two of them from being the same push */
export function newRelease(project: string, over: Partial<NewRelease> = {}): NewRelease {
  const id = over.id ?? ulid();
  return {
    id,
    project,
    environment: 'production',
    ref: 'refs/heads/main',
    commit: 'a'.repeat(40),
    before: '',
    author: 'dev',
    message: 'change',
    cause: 'push',
    startedBy: '',
    dryRun: false,
    dedupeKey: id,
    at: Date.now(),
    ...over,
  };
}
