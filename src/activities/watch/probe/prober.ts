/**
 * Sends probes to both versions of each function while a step asks for them. Counting is the engine's, judging the
 * watch's: what comes back is not even read. One rule: a probe never holds anything up. Nobody waits for one, and few
 * are under way at once, so that a version that hangs costs a handful of calls.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { PlanProbe } from '../../../domain/plan/plan.ts';
import { serviceIn } from '../../../domain/names/place.ts';
import { isProbed } from '../../../domain/plan/probe-file.ts';
import { ensureError } from '../../../platform/errors.ts';
import type { Parts } from '../../parts.ts';
import type { Place } from '../place.ts';
import type { WatchedFunction } from '../sources/engine.ts';
import { isQuiet, QUIET_SPAN_MS } from './quiet.ts';

/** Probes of one release in a second, over all its functions and both versions. */
const MOST_A_SECOND = 50;
/** Probes under way at once, of one version of one function. */
const MOST_AT_ONCE = 4;
/** How often a step is asked whether it has probes, and users' counts whether a function is quiet. */
const IDLE_MS = 500;
const QUIET_EVERY_MS = 5_000;

export interface ProbeInput {
  readonly functions: readonly WatchedFunction[];
  readonly alias: string;
  /** By gray step. */
  readonly steps: readonly (PlanProbe | null)[];
  /** Where the release is now. */
  readonly place: () => Place;
}

/** Probes until the signal; never throws. */
export async function probe(parts: Parts, input: ProbeInput, signal: AbortSignal): Promise<void> {
  if (input.steps.every((step) => step === null)) return;
  await Promise.all(
    input.functions.map(async (one, index) => {
      try {
        // Not all functions at the same moment.
        await pause((IDLE_MS * index) / input.functions.length, undefined, { signal });
        await new FunctionProbe(parts, input, one).run(signal);
      } catch (error) {
        if (!signal.aborted) parts.log.warn({ err: ensureError(error) }, 'probing ended early');
      }
    }),
  );
}

class FunctionProbe {
  readonly #parts: Parts;
  readonly #input: ProbeInput;
  readonly #one: WatchedFunction;
  readonly #underWay = new Map<string, number>();
  #isQuiet = false;
  #askedTick = -Infinity;

  constructor(parts: Parts, input: ProbeInput, one: WatchedFunction) {
    this.#parts = parts;
    this.#input = input;
    this.#one = one;
  }

  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      const wanted = this.#wanted();
      if (wanted === null) {
        await pause(IDLE_MS, undefined, { signal });
        continue;
      }
      const { settings, event } = wanted;
      const everyMs = this.#everyMs(settings);
      if (settings.only === 'always' || (await this.#asksForProbes(everyMs))) {
        signal.throwIfAborted();
        for (const version of [this.#one.canary, this.#one.stable]) this.#send(version, event);
      }
      await pause(everyMs, undefined, { signal });
    }
  }

  /** What the present step says of this function. */
  #wanted(): { readonly settings: PlanProbe; readonly event: string } | null {
    const { step } = this.#input.place();
    const settings = step === null ? null : (this.#input.steps[step] ?? null);
    if (settings === null) return null;
    const { service, name } = this.#one;
    const named = settings.functions?.find((one) => isProbed(one.name, serviceIn(service), name));
    if (settings.functions !== null && !named) return null;
    return { settings, event: named?.event ?? settings.event };
  }

  #everyMs({ everyMs }: PlanProbe): number {
    return Math.max(everyMs, (2 * this.#input.functions.length * 1_000) / MOST_A_SECOND);
  }

  /** An engine that does not say leaves the answer of before; at first it is no. */
  async #asksForProbes(everyMs: number): Promise<boolean> {
    const now = performance.now();
    if (now - this.#askedTick < QUIET_EVERY_MS) return this.#isQuiet;
    this.#askedTick = now;
    const { service, name, canary } = this.#one;
    try {
      const ring = await this.#parts.fc.readRing(
        service,
        name,
        this.#input.alias,
        Date.now() - 2 * QUIET_SPAN_MS,
      );
      this.#isQuiet = isQuiet(ring, canary, this.#input.place().weight, everyMs);
    } catch (error) {
      // The looks say it aloud.
      this.#parts.log.debug({ err: ensureError(error) }, 'users were not counted for probes');
    }
    return this.#isQuiet;
  }

  #send(version: string, event: string): void {
    const underWay = this.#underWay.get(version) ?? 0;
    if (underWay >= MOST_AT_ONCE) return;
    this.#underWay.set(version, underWay + 1);
    const { service, name } = this.#one;
    void this.#parts.slowFc
      .probe(service, version, name, Buffer.from(event))
      .catch((error: unknown) => {
        // A failure is counted where it happened.
        this.#parts.log.debug({ err: ensureError(error), service, name, version }, 'a probe failed');
      })
      .finally(() => {
        this.#underWay.set(version, (this.#underWay.get(version) ?? 1) - 1);
      });
  }
}
