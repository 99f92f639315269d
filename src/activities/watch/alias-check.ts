/**
 * Sees between two moves of a release that somebody else moved an alias, and tells the release, which checks it by a
 * conditional move: what is read here may be a moment old. Each change is told once.
 */
import type { ReleaseProgress } from '../../domain/release/progress.ts';
import { describeSplit, graySplit } from '../../domain/release/split.ts';
import { ensureError } from '../../platform/errors.ts';
import type { Watch } from '../contract.ts';
import { splitOf } from '../deploy/live.ts';
import type { Parts } from '../parts.ts';
import { movedBy } from './place.ts';

const MISSING = 'no such alias';

export class AliasCheck {
  readonly #parts: Parts;
  readonly #watch: Watch;
  /** Service → where its alias was found when that was told. */
  readonly #told = new Map<string, string>();
  #isChecking = false;

  constructor(parts: Parts, watch: Watch) {
    this.#parts = parts;
    this.#watch = watch;
  }

  /** Compares each alias with the record; an engine that does not answer is looked at next time. */
  async check({ traffic }: ReleaseProgress): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    const { releaseId } = this.#watch;
    try {
      await Promise.all(
        movedBy(this.#watch).map(async ({ service }) => {
          const at = traffic.findLast((one) => one.service === service);
          if (at === undefined) return;
          await this.#compare(service, describeSplit(graySplit(at.stable, at.canary, at.weight)));
        }),
      );
    } catch (error) {
      this.#parts.log.debug({ err: ensureError(error), releaseId }, 'the aliases could not be checked');
    } finally {
      this.#isChecking = false;
    }
  }

  async #compare(service: string, expected: string): Promise<void> {
    const { releaseId, alias } = this.#watch;
    const present = await this.#parts.fc.getAlias(service, alias);
    const found = present === null ? MISSING : describeSplit(splitOf(present.value));
    if (found === expected) {
      this.#told.delete(service);
      return;
    }
    if (this.#told.get(service) === found) return;
    await this.#parts.tellAlias(releaseId, service);
    this.#told.set(service, found);
  }
}
