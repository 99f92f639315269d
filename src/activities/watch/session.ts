/**
 * One watch while a worker holds it: what it carries, its sources, and the rows it leaves. A second worker makes the
 * same from the newest row.
 */
import { ERRORS_METRIC } from '../../domain/analysis/release-look.ts';
import type { Look } from '../../domain/analysis/look.ts';
import { watchedMetrics, type WatchedMetrics } from '../../domain/analysis/watched-metrics.ts';
import type { PlanAnalysis } from '../../domain/plan/plan.ts';
import { analysisAt, type StepAnalysis } from '../../domain/plan/step-analysis.ts';
import { FcError } from '../../fc/errors.ts';
import { addEvaluation, type Evaluation, type ReplayBeginning } from '../../store/evaluations.ts';
import type { Watch } from '../contract.ts';
import { refused } from '../failure.ts';
import type { Parts } from '../parts.ts';
import { askGuard, lookOfAlarm } from './guard.ts';
import { asksForThresholds } from './latency-metrics.ts';
import { beginMetric, type Moment } from '../../domain/analysis/metric-memory.ts';
import { readPlace, type Place } from './place.ts';
import type { Reading } from './reading.ts';
import { EngineSource, functionsOf, type WatchedFunction } from './sources/engine.ts';
import { openSource } from './sources/open.ts';
import { Sampler } from './sources/sampler.ts';
import { beginWatch, takeLook, type WatchState } from './watch-state.ts';

const TOO_MANY_REQUESTS = 429;

export class Session {
  readonly #parts: Parts;
  readonly #watch: Watch;
  readonly #plan: WatchedMetrics;
  readonly #analysis: PlanAnalysis;
  readonly #steps: readonly (StepAnalysis | null)[];
  readonly #engine: EngineSource;
  readonly #sampler: Sampler;
  #state: WatchState;
  /** What a replay begins with, until a row holds it. */
  #beginning: ReplayBeginning | null = null;
  #number: number;
  /** Unix milliseconds; what people are shown. */
  #lookedAt: number;
  #lookedTick: number;
  #place: Place;

  constructor(parts: Parts, input: Watch, plan: WatchedMetrics, newest: Evaluation<WatchState> | undefined) {
    const { releaseId, services, alias, wave } = input;
    this.#parts = parts;
    this.#watch = input;
    this.#plan = plan;
    this.#analysis = input.analysis;
    this.#steps = input.steps ?? [];
    this.#engine = new EngineSource(parts.fc, alias, functionsOf(services), {
      latencies: plan.latency !== null,
      probes: plan.hasProbes,
    });
    const scope = { services, alias, home: parts.regions.home, allowed: parts.metricSources };
    this.#sampler = new Sampler(
      new Map(plan.own.map((metric) => [metric.name, openSource(metric, scope)])),
      (metric, error) => parts.log.warn({ err: error, releaseId, metric }, 'a source gave no numbers'),
    );
    this.#number = newest?.look.number ?? 0;
    // The wave before was judged by itself: its evidence is of other regions.
    const own = newest && (newest.state.wave ?? 0) === (wave?.index ?? 0) ? newest : undefined;
    this.#lookedAt = own?.look.at ?? Date.now();
    this.#lookedTick = performance.now() - Math.max(0, Date.now() - this.#lookedAt);
    this.#place = own?.look ?? { step: wave?.firstStep ?? null, weight: 0 };
    // A state of another version's shape is not read: the judge begins anew, which is always sound.
    this.#state = own?.state.schema === 2 ? own.state : beginWatch([], plan, this.#lookedAt).state;
  }

  /** When the newest look was taken, by `performance.now()`. */
  get lookedTick(): number {
    return this.#lookedTick;
  }

  /** Where the release was at the newest look. */
  get place(): Place {
    return this.#place;
  }

  get functions(): readonly WatchedFunction[] {
    return this.#engine.functions;
  }

  /** Reads the past, unless an earlier worker did. An engine that does not answer is asked again at the next look. */
  async begin(): Promise<void> {
    if (this.#isBegun) return;
    await this.#begin().catch((error: unknown) => this.#silent(error));
  }

  /** Starts reading the plan's own sources for the next look. */
  askSources(signal: AbortSignal): void {
    this.#sampler.ask(signal);
  }

  /** Takes one look, stores it, and tells the release of it where it is worth it. */
  async look(): Promise<Look> {
    // Nothing waits for the database that the engine could say: a new step's thresholds come with the next look.
    const holdsHour = this.#wantsHour;
    const [place, readings] = await Promise.all([
      readPlace(this.#parts, this.#watch),
      this.#read(holdsHour).catch((error: unknown) => this.#silent(error)),
    ]);
    this.#place = place ?? this.#place;
    const samples = this.#sampler.take();
    this.#markLooked();
    const moment = this.#nextMoment();
    const toldBefore = this.#state.told;
    const taken = takeLook(this.#state, { readings, holdsHour, samples }, moment, this.#planNow);
    this.#state = taken.state;
    const [release] = taken.looks;
    await this.#store(taken.looks, { ...taken.state, ...this.#beginning, ...this.#wave });
    const told = { ...release, metric: taken.state.about };
    // A harmful look is told by the activity's own end.
    if (taken.isWorthTelling && told.verdict !== 'harmful')
      await this.#parts.tellLook(this.#watch.releaseId, told).catch((error: unknown) => {
        this.#warn(error, 'a look could not be told');
        // The release waits for this word: the next look says it again.
        this.#state = { ...this.#state, told: toldBefore };
      });
    return told;
  }

  /** The look of a catastrophe, stored, or `null`. */
  async guard(): Promise<Look | null> {
    const alarm = await askGuard(this.#engine, this.#state).catch((error: unknown) => {
      // The looks say it aloud.
      this.#parts.log.debug({ err: error, releaseId: this.#watch.releaseId }, 'the guard could not ask');
      return null;
    });
    if (alarm === null) return null;
    const [errors] = this.#planNow.judged;
    if (!errors) return null;
    const memory = this.#state.memories[ERRORS_METRIC] ?? beginMetric(errors.settings, []);
    // The step may have begun since the newest look, and people read where it was.
    this.#place = (await readPlace(this.#parts, this.#watch)) ?? this.#place;
    this.#markLooked();
    const look = lookOfAlarm(alarm, this.#nextMoment(), memory, errors.settings);
    await this.#store([look], {});
    return look;
  }

  #markLooked(): void {
    this.#lookedAt = Date.now();
    this.#lookedTick = performance.now();
  }

  /** The plan with what the present step judges otherwise. */
  get #planNow(): WatchedMetrics {
    const { step } = this.#place;
    const own = step === null ? undefined : this.#steps[step];
    return own ? watchedMetrics(analysisAt(this.#analysis, own)) : this.#plan;
  }

  get #wave(): Pick<WatchState, 'wave'> {
    const { wave } = this.#watch;
    return wave === undefined ? {} : { wave: wave.index };
  }

  get #isBegun(): boolean {
    return this.#state.readings.length > 0;
  }

  async #begin(): Promise<readonly Reading[]> {
    const readings = await this.#engine.readPast(this.#plan.intervalMs);
    const { state, history } = beginWatch(readings, this.#plan, this.#lookedAt);
    const { told, inStep, samples, beyond, memories } = this.#state;
    // The plan's own sources may have answered before the engine did.
    const own = this.#plan.own.flatMap(({ name }) =>
      memories[name] ? [[name, memories[name]] as const] : [],
    );
    this.#state = {
      ...state,
      memories: { ...state.memories, ...Object.fromEntries(own) },
      told,
      inStep,
      samples,
      beyond,
    };
    this.#beginning = { history, watchedFrom: this.#lookedAt };
    return readings;
  }

  /** The present step has no thresholds yet, or the readings are the past itself. */
  get #wantsHour(): boolean {
    if (this.#plan.latency === null) return false;
    return !this.#isBegun || asksForThresholds(this.#state.thresholds, this.#place.step);
  }

  #read(withHour: boolean): Promise<readonly Reading[]> {
    // What the past is read by is the beginning itself: nothing has happened since.
    return this.#isBegun ? this.#engine.readSince(this.#state.readings, withHour) : this.#begin();
  }

  #nextMoment(): Moment {
    this.#number += 1;
    const { step, weight } = this.#place;
    return { number: this.#number, at: this.#lookedAt, step, weight };
  }

  async #store(looks: readonly [Look, ...Look[]], state: object): Promise<void> {
    try {
      await addEvaluation(this.#parts.db, this.#watch.releaseId, { looks, state });
      if ('history' in state) this.#beginning = null;
    } catch (error) {
      this.#warn(error, 'a look could not be stored');
    }
  }

  /** What cannot be watched from the beginning ends the watch; later, silence is no verdict. */
  #silent(error: unknown): null {
    if (!this.#isBegun && error instanceof FcError && !isPassing(error)) throw refused(error);
    this.#warn(error, 'the counters could not be read');
    return null;
  }

  #warn(error: unknown, message: string): void {
    this.#parts.log.warn({ err: error, releaseId: this.#watch.releaseId }, message);
  }
}

function isPassing({ isUnreachable, status }: FcError): boolean {
  return isUnreachable || status === TOO_MANY_REQUESTS;
}
