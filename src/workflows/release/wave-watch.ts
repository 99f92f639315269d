/**
 * The regions that have all their traffic already, while later waves go on: each wave is watched like a bake. Harm
 * there stops the release, which takes everything back.
 */
import { CancellationScope, condition, isCancellation, log, sleep } from '@temporalio/workflow';
import { faultOf } from '../failure.ts';
import { comparable, sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { watchBake } from './watch-bake.ts';
import { stopForHarm } from './watched.ts';

export class WaveWatch {
  readonly #run: ReleaseRun;
  readonly #scope = new CancellationScope();
  readonly #watches: Promise<void>[] = [];
  #isInDoubt = false;

  constructor(run: ReleaseRun) {
    this.#run = run;
  }

  /** Watches a wave from now on. */
  add(wave: number, services: readonly GrayService[]): void {
    if (comparable(services).length === 0) return;
    this.#watches.push(this.#scope.run(() => this.#watch(wave, services)));
  }

  /** Ends all; what they have counted is kept for the bake after the promotion. */
  async end(): Promise<void> {
    this.#scope.cancel();
    await Promise.all(this.#watches);
    if (this.#isInDoubt) this.#run.record.emit({ type: 'cleared', reason: 'bake-doubt' });
  }

  async #watch(wave: number, services: readonly GrayService[]): Promise<void> {
    try {
      while (await this.#watchOnce(wave, services));
    } catch (error) {
      if (isCancellation(error)) return;
      // It only adds to what the waves under way are watched by.
      log.warn('an earlier wave is not watched any more', { wave, message: faultOf(error).message });
    }
  }

  /** @returns false when there is nothing left to watch for */
  async #watchOnce(wave: number, services: readonly GrayService[]): Promise<boolean> {
    const run = this.#run;
    const end = await watchBake(run, services, { isAsked: this.#isInDoubt, wave });
    switch (end.outcome) {
      case 'roll-back':
        stopForHarm(run, end.look, wave);
        return false;
      case 'ask':
        this.#isInDoubt = true;
        run.record.emit({ type: 'verdict', look: end.look });
        run.record.emit({ type: 'blocked', reason: 'bake-doubt', message: end.look.sentence });
        return true;
      case 'over':
        // Somebody moved one of the aliases: whoever waits next checks that, and asks a person.
        for (const { service } of services) run.suspected.add(service);
        await condition(() => run.suspected.size === 0);
        await sleep(sourceOf(run).plan.analysis.intervalMs);
        return true;
    }
  }
}
