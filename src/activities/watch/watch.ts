/**
 * The one long activity of a gray release: looks at canary and stable each interval, with a guard in between, and
 * returns at once when the canary is harmful; otherwise it ends by being cancelled. It decides from what its sources
 * say alone, so a database that is away costs rows, not the rollback.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CATASTROPHE_METRIC } from '../../domain/analysis/release-look.ts';
import type { Look } from '../../domain/analysis/look.ts';
import { newestEvaluation } from '../../store/evaluations.ts';
import { beating } from '../beating.ts';
import type { Activities, Watch } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { AliasCheck } from './alias-check.ts';
import { GUARD_MS } from './guard.ts';
import { readProgress, yieldToOverride } from './place.ts';
import { probe } from './probe/prober.ts';
import { Session } from './session.ts';
import type { WatchState } from './watch-state.ts';
import { watchedMetrics } from '../../domain/analysis/watched-metrics.ts';

/** How long before a look the plan's own sources are asked, at most. */
const LEAD_MS = 2_000;

export function watchActivities(parts: Parts): Pick<Activities, 'watch'> {
  return {
    watch: (input) =>
      beating(async (signal) => {
        const plan = watchedMetrics(input.analysis);
        const [newest, alarm] = await Promise.all([
          newestEvaluation<WatchState>(parts.db, input.releaseId, plan.releaseMetric),
          newestEvaluation<object>(parts.db, input.releaseId, CATASTROPHE_METRIC),
        ]);
        // The worker died between storing this look and saying so.
        if (alarm) return { look: alarm.look };
        if (newest?.look.verdict === 'harmful')
          return { look: { ...newest.look, metric: newest.state.about } };
        const session = new Session(parts, input, plan, newest);
        await session.begin();
        const over = new AbortController();
        const { functions } = session;
        const probing = { ...input, functions, steps: input.probes ?? [], place: () => session.place };
        void probe(parts, probing, AbortSignal.any([signal, over.signal]));
        try {
          return { look: await watchUntilHarm(parts, input, session, signal) };
        } finally {
          over.abort();
        }
      }),
  };
}

async function watchUntilHarm(
  parts: Parts,
  input: Watch,
  session: Session,
  signal: AbortSignal,
): Promise<Look> {
  const { intervalMs } = input.analysis;
  const aliases = new AliasCheck(parts, input);
  // By the monotonic clock: one that is set back an hour must not blind the watch for an hour.
  let guardAt = performance.now() + GUARD_MS;
  for (;;) {
    const due = session.lookedTick + intervalMs;
    let askAt = due - Math.min(LEAD_MS, intervalMs / 2);
    for (;;) {
      const now = performance.now();
      if (now >= guardAt) {
        guardAt = now + GUARD_MS;
        const look = await session.guard();
        if (look) return look;
      }
      if (now >= askAt) {
        session.askSources(signal);
        askAt = Infinity;
      }
      if (now >= due) break;
      await pause(Math.max(0, Math.min(due, guardAt, askAt) - performance.now()), undefined, { signal });
    }
    const look = await session.look();
    if (look.verdict === 'harmful') return look;
    const progress = await readProgress(parts, input.releaseId);
    if (progress === null) continue;
    await yieldToOverride(parts, input, progress);
    // Nothing waits for it: a slow answer must not delay the guard.
    void aliases.check(progress);
  }
}
