/**
 * The world as workflows see it, as plain functions typed as the real activities: one alias table, one event log, and
 * per release a script of what goes wrong. Nothing here decides anything; that is what the workflows are tried for.
 */
import { Context, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  Activities,
  AliasMove,
  BakeOutcome,
  LaneFreeze,
  NumberedEvent,
  WatchedService,
} from '../../src/activities/contract.ts';
import type { Look } from '../../src/domain/analysis/look.ts';
import { DEFAULT_JUDGE_SETTINGS } from '../../src/domain/analysis/settings.ts';
import type { PlanApproval, PlanStep, ResolvedPlan } from '../../src/domain/plan/plan.ts';
import { placesOf, stepsOfWaves, type PlanWave } from '../../src/domain/plan/waves.ts';
import type { SupersedePolicy } from '../../src/domain/plan/supersede.ts';
import { hookKey } from '../../src/domain/plan/hook.ts';
import type { ReleaseEvent } from '../../src/domain/release/events.ts';
import { FAILURES, type Overridden, type VersionGone } from '../../src/domain/release/failures.ts';
import type { ReleaseProgress } from '../../src/domain/release/progress.ts';
import { applyEvent, initialProgress } from '../../src/domain/release/record.ts';
import { describeSplit, graySplit, sameSplit, type Split } from '../../src/domain/release/split.ts';
import { hasEnded } from '../../src/domain/release/states.ts';

export const APPROVAL: PlanApproval = {
  role: 'release-manager',
  count: 1,
  notAuthor: false,
  timeoutMs: null,
  onTimeout: 'roll-back',
};

/** Region whose places are the services' own names. */
export const HOME = 'home';

export function step(weight: number, holdMs = 30, approval: PlanApproval | null = null): PlanStep {
  return { weight, holdMs, approval };
}

/** A plan whose steps run in each wave. */
export function planInWaves(steps: readonly PlanStep[], waves: readonly PlanWave[]): ResolvedPlan {
  return { ...plan(stepsOfWaves(steps, waves)), waves };
}

export function plan(steps: readonly PlanStep[]): ResolvedPlan {
  return {
    version: 1,
    environment: 'production',
    alias: 'PROD',
    stages: [],
    steps,
    analysis: { intervalMs: 1_000, errors: DEFAULT_JUDGE_SETTINGS, latency: null },
    bakeMs: 0,
    manifest: null,
  };
}

/** What one release meets. */
export interface Script {
  readonly services: readonly string[];
  readonly plan: ResolvedPlan;
  readonly dryRun: boolean;
  readonly unchanged: boolean;
  /** Activity that fails for good, and with which type. */
  readonly fails: {
    readonly activity: keyof Activities;
    readonly type: string;
    readonly message?: string;
    readonly detail?: object;
  } | null;
  /** Activity that does not end until the release is cancelled or `World.letGo` is called. */
  readonly stuck: keyof Activities | null;
  /** How often moves find the engine unreachable before it answers. */
  readonly unreachable: number;
  /** Hooks that fail, by what follows the release's id in their key: `step-1/after/1`. */
  readonly failingHooks?: readonly string[];
}

export const HEALTHY: Script = {
  services: ['shop'],
  plan: plan([step(0.05), step(0.25), step(0.5)]),
  dryRun: false,
  unchanged: false,
  fails: null,
  stuck: null,
  unreachable: 0,
};

export class World {
  readonly scripts = new Map<string, Script>();
  readonly events = new Map<string, NumberedEvent[]>();
  /** The newest look of a release, as its rows have it. */
  readonly looks = new Map<string, Look>();
  /** What the bake time of a release (`id`, or `id wave 0`) finds, in its order; nothing: it goes on until it is cancelled. */
  readonly bakes = new Map<string, BakeOutcome[]>();
  /** Release → what its newest watch was told to compare. */
  readonly watched = new Map<string, readonly WatchedService[]>();
  /** Service → a version that was deleted, and the newest one before it. */
  readonly gone = new Map<string, VersionGone>();
  /** Service → who moved its alias past the workflow. */
  readonly overrides = new Map<string, Overridden>();
  /** Service → what a person's rollback of it meets first. */
  readonly rollbacks = new Map<string, () => Promise<void>>();
  /** Service → where its alias stands. */
  readonly aliases = new Map<string, Split>();
  /** Every state that an alias was put in, in order: `shop: version 1, 5 % to version 2`. */
  readonly moves: string[] = [];
  /** Everything else that was done, in order. */
  readonly done: string[] = [];
  readonly locks = new Map<string, string>();
  /** Services whose new versions Function Compute does not let into their alias. */
  readonly refused = new Set<string>();
  /** Project → what a newer push does; `latest` where nothing is said. */
  readonly policies = new Map<string, SupersedePolicy>();
  /** Project → the freeze that is on there, and who may pass it. */
  readonly freezes = new Map<string, LaneFreeze & { readonly passed?: readonly string[] }>();
  readonly #harmful = new Set<string>();
  readonly #released = new Set<string>();
  readonly #unreachable = new Map<string, number>();
  #versions = 1;

  readonly #now: () => number | Promise<number>;

  /** @param now the server's clock, Unix milliseconds */
  constructor(now: () => number | Promise<number> = Date.now) {
    this.#now = now;
  }

  /** A service whose version 1 is live. */
  live(service: string): void {
    this.aliases.set(service, { main: '1', additional: null });
  }

  /** From now on the watch of this release finds harm. */
  harm(releaseId: string): void {
    this.#harmful.add(releaseId);
  }

  letGo(releaseId: string): void {
    this.#released.add(releaseId);
  }

  types(releaseId: string): string[] {
    return (this.events.get(releaseId) ?? []).map(({ event }) => event.type);
  }

  find<T extends ReleaseEvent['type']>(
    releaseId: string,
    type: T,
  ): Extract<ReleaseEvent, { type: T }> | undefined {
    const found = (this.events.get(releaseId) ?? []).find(({ event }) => event.type === type);
    return found?.event as Extract<ReleaseEvent, { type: T }> | undefined;
  }

  progress(releaseId: string): ReleaseProgress {
    return (this.events.get(releaseId) ?? []).reduce(
      (record, { event, at }) => applyEvent(record, event, at),
      initialProgress(0),
    );
  }

  /** Resolves when the release's record is as asked; fails after 30 s with what it is instead. */
  async until(releaseId: string, isSo: (progress: ReleaseProgress) => boolean): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!isSo(this.progress(releaseId))) {
      if (Date.now() > deadline)
        throw new Error(`${releaseId} is not as expected: ${this.types(releaseId).join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #store(releaseId: string, events: readonly NumberedEvent[]): void {
    const stored = this.events.get(releaseId) ?? [];
    for (const { seq, at, event } of events)
      if (!stored.some((one) => one.seq === seq)) stored.push({ seq, at, event });
    this.events.set(releaseId, stored);
  }

  #script(releaseId: string): Script {
    return this.scripts.get(releaseId) ?? HEALTHY;
  }

  async #meet(releaseId: string, activity: keyof Activities): Promise<void> {
    const script = this.#script(releaseId);
    if (script.fails?.activity === activity)
      throw ApplicationFailure.nonRetryable(
        script.fails.message ?? `${activity} was told to fail`,
        script.fails.type,
        script.fails.detail ?? { logTail: ['the last line'] },
      );
    const { cancellationSignal } = Context.current();
    while (script.stuck === activity && !this.#released.has(releaseId)) {
      heartbeat();
      cancellationSignal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  activities(): Activities {
    return {
      laneFacts: async ({ project, releases, replaced }) => {
        const freeze = this.freezes.get(project);
        const now = await this.#now();
        const on = freeze && (freeze.until === null || now < freeze.until) ? freeze : null;
        const { reason = '', until = null, underWay = 'finish', passed = [] } = on ?? {};
        return {
          supersede: this.policies.get(project) ?? 'latest',
          frozen: Object.fromEntries(
            releases.map((id) => [
              id,
              on === null || passed.includes(id) ? null : { reason, until, underWay },
            ]),
          ),
          changesAt: on?.until ?? null,
          replaced: replaced !== null && this.progress(replaced).state === 'superseded',
        };
      },
      record: async ({ releaseId, events }) => this.#store(releaseId, events),
      recordTogether: async ({ events }) => {
        for (const { releaseId, ...event } of events) this.#store(releaseId, [event]);
      },
      releaseHasEnded: async ({ releaseId }) => hasEnded(this.progress(releaseId).state),
      newestLook: async ({ releaseId }) => this.looks.get(releaseId) ?? null,
      report: async ({ releaseId }) => {
        await this.#meet(releaseId, 'report');
        return { summary: 'told' };
      },
      prepareSource: async ({ releaseId }) => {
        await this.#meet(releaseId, 'prepareSource');
        const { services, plan, dryRun } = this.#script(releaseId);
        return {
          dryRun,
          plan,
          author: 'Ann <ann@shop.example>',
          services: services.map((service) => ({ service, functions: ['hello'] })),
          ...(plan.waves && { places: placesOf(plan, services, HOME) }),
          summary: 'checked out',
        };
      },
      prepareTree: async () => ({ summary: '' }),
      runCommand: async ({ releaseId, group, index }) => {
        await this.#meet(releaseId, 'runCommand');
        const command = `command ${releaseId} ${group}.`;
        this.done.push(`${command}${index} begins`);
        const beside = this.#script(releaseId).plan.stages[group]?.length ?? 0;
        const begun = (): number =>
          this.done.filter((line) => line.startsWith(command) && line.endsWith(' begins')).length;
        // Those of one group run side by side, or this never ends.
        while (begun() < beside) {
          heartbeat();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        this.done.push(`${command}${index} ends`);
        return { summary: 'ran' };
      },
      buildFunction: async ({ releaseId }) => {
        await this.#meet(releaseId, 'buildFunction');
        return { summary: 'built' };
      },
      packageRelease: async ({ releaseId }) => {
        await this.#meet(releaseId, 'packageRelease');
        const { services } = this.#script(releaseId);
        return {
          services: services.map((service) => ({
            service,
            digest: releaseId,
            functions: [{ name: 'hello', artifact: 'a' }],
          })),
          summary: 'packaged',
        };
      },
      keptPackages: async ({ releaseId }) => {
        const { services } = this.#script(releaseId);
        return {
          services: services.map((service) => ({
            service,
            digest: releaseId,
            functions: [{ name: 'hello', artifact: 'a' }],
          })),
          summary: 'packaged',
        };
      },
      compareWithLive: async ({ releaseId, services }) =>
        services.map(({ service }) => {
          const before = this.aliases.get(service) ?? null;
          const { unchanged } = this.#script(releaseId);
          return { service, before, stable: before?.main ?? null, unchanged };
        }),
      takeLock: async ({ holder, service, waitMs }) => {
        const { cancellationSignal } = Context.current();
        const isOther = (): boolean => (this.locks.get(service) ?? holder) !== holder;
        // The first, short wait is over at once.
        if (waitMs > 10_000)
          while (isOther()) {
            heartbeat();
            cancellationSignal.throwIfAborted();
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        const by = this.locks.get(service) ?? holder;
        if (by !== holder) return { held: false, by };
        this.locks.set(service, holder);
        return { held: true };
      },
      giveLocksBack: async ({ holder }) => {
        for (const [service, by] of this.locks) if (by === holder) this.locks.delete(service);
      },
      deployService: async ({ releaseId, service }) => {
        await this.#meet(releaseId, 'deployService');
        this.done.push(`deploy ${service.service} ${releaseId}`);
        return { summary: 'deployed' };
      },
      publishService: async ({ releaseId, service }) => {
        await this.#meet(releaseId, 'publishService');
        this.#versions += 1;
        this.done.push(`publish ${service.service} ${releaseId}`);
        return { version: String(this.#versions), summary: 'published' };
      },
      runHook: async (call) => {
        await this.#meet(call.releaseId, 'runHook');
        const key = hookKey(call).slice(call.releaseId.length + 1);
        const where = [...this.aliases].flatMap(([service, split]) =>
          call.versions.some((one) => one.service === service) ? [split.additional?.weight ?? 0] : [],
        );
        this.done.push(`hook ${call.releaseId} ${key} at ${call.weight}, alias at ${where.join()}`);
        return this.#script(call.releaseId).failingHooks?.includes(key)
          ? { ok: false, summary: 'exit code 1', logTail: ['the last line'] }
          : { ok: true, summary: 'done', logTail: [] };
      },
      smoke: async ({ releaseId }) => {
        await this.#meet(releaseId, 'smoke');
        return { summary: 'answered' };
      },
      moveAlias: async (move) => this.#move(move),
      watch: async ({ releaseId, services, wave }) => {
        await this.#meet(releaseId, 'watch');
        this.watched.set(releaseId, services);
        if (wave)
          this.done.push(
            `watch wave ${wave.index} of ${releaseId}: ${names(services)}, beside ${names(wave.promoted)}`,
          );
        const { cancellationSignal } = Context.current();
        while (!this.#harmful.has(releaseId)) {
          heartbeat();
          cancellationSignal.throwIfAborted();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        return { look: HARMFUL_LOOK };
      },
      watchBake: async ({ releaseId, wave }) => {
        const { cancellationSignal } = Context.current();
        const key = wave === undefined ? releaseId : `${releaseId} wave ${wave}`;
        for (;;) {
          const outcome = this.bakes.get(key)?.shift();
          if (outcome) return outcome;
          heartbeat();
          cancellationSignal.throwIfAborted();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
      createBakeRollback: async ({ releaseId, targets }) => {
        const isLeft = targets.every(({ service, left }) => this.#isAlone(service, left));
        return { id: isLeft ? `${releaseId}-bake` : null };
      },
      createRollback: async ({ key }) => ({ id: key }),
      restoreLatest: async ({ service, stable, holder }) => {
        this.done.push(`restore ${service} to ${stable} for ${holder}`);
        return { summary: 'restored' };
      },
      rollBackTo: async ({ service, version, left: only }) => {
        if (only !== undefined && !this.#isAlone(service, only))
          throw ApplicationFailure.nonRetryable('it is not there any more', FAILURES.changedOutside);
        const timer = setInterval(heartbeat, 50);
        await this.rollbacks
          .get(service)?.()
          .finally(() => clearInterval(timer));
        clearInterval(timer);
        const left = this.aliases.get(service)?.main ?? null;
        this.aliases.set(service, { main: version, additional: null });
        this.moves.push(`${service}: version ${version} alone`);
        return { functions: ['hello'], alias: 'PROD', left };
      },
    };
  }

  #isAlone(service: string, version: string): boolean {
    const at = this.aliases.get(service);
    return at !== undefined && sameSplit(at, { main: version, additional: null });
  }

  async #move(move: AliasMove): Promise<void> {
    const releaseId = move.releaseId ?? '';
    await this.#meet(releaseId, 'moveAlias');
    const tried = this.#unreachable.get(releaseId) ?? 0;
    if (tried < this.#script(releaseId).unreachable) {
      this.#unreachable.set(releaseId, tried + 1);
      throw ApplicationFailure.create({ message: 'no answer', type: FAILURES.engineUnreachable });
    }
    if (move.weight > 0 && this.refused.has(move.service))
      throw ApplicationFailure.nonRetryable('it is refused', FAILURES.engineRefused);
    const target = graySplit(move.stable, move.canary, move.weight);
    const gone = this.gone.get(move.service);
    if (gone?.version === target.main)
      throw ApplicationFailure.nonRetryable('it is gone', FAILURES.versionGone, gone);
    const now = this.aliases.get(move.service) ?? null;
    if (now !== null && sameSplit(now, target)) return;
    const isExpected = move.expected.some((one) =>
      one === null || now === null ? one === now : sameSplit(one, now),
    );
    const override = this.overrides.get(move.service);
    if (!isExpected && override)
      throw ApplicationFailure.nonRetryable('set by a person', FAILURES.overridden, override);
    if (!isExpected)
      throw ApplicationFailure.nonRetryable('changed outside', FAILURES.changedOutside, {
        expected: 'something else',
        found: now === null ? 'nothing' : describeSplit(now),
        split: now,
      });
    this.aliases.set(move.service, target);
    this.moves.push(`${move.service}: ${describeSplit(target)}`);
  }
}

function names(services: readonly { readonly service: string }[]): string {
  return services.map(({ service }) => service).join();
}

export const HARMFUL_LOOK: Look = {
  number: 4,
  at: 0,
  step: 0,
  weight: 0.05,
  metric: 'errors',
  canary: { requests: 10, failures: 5 },
  stable: { requests: 200, failures: 1 },
  canaryTotal: { requests: 40, failures: 9 },
  stableTotal: { requests: 800, failures: 4 },
  dispersion: 1,
  logEvidence: 6,
  logHealth: -2,
  logThreshold: 4.6,
  logHealthThreshold: 3,
  gate: true,
  verdict: 'harmful',
  cause: null,
  sentence: 'the canary fails more often than stable',
};

export const UNDECIDED_LOOK: Look = {
  ...HARMFUL_LOOK,
  number: 1,
  canary: { requests: 10, failures: 0 },
  canaryTotal: { requests: 10, failures: 0 },
  logEvidence: 0,
  gate: false,
  verdict: 'undecided',
  cause: 'too-few',
  sentence: 'too few to decide',
};
