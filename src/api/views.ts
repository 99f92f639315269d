/**
 * What the API tells the world, as types, and the mappers from what is stored. The console, the command line and
 * tests import their types from here; times are ISO 8601 strings, and no view has a field for a secret.
 */
import type { ServiceDifference } from '../domain/difference/difference.ts';
import { differenceLines } from '../domain/difference/lines.ts';
import { environmentId } from '../domain/plan/environment.ts';
import { planLines } from '../domain/plan/words.ts';
import { eventText } from '../domain/release/event-text.ts';
import type { Counts, Look } from '../domain/analysis/look.ts';
import type { StoredEvent } from '../domain/release/events.ts';
import { behindText } from '../domain/release/queue-text.ts';
import type { Release } from '../store/releases.ts';
import type { Fronts } from './queue.ts';
import type { EventView, WithIsoTimes } from './schema/event.ts';
import type { LookView, ReleaseSummary, ReleaseView } from './schema/release.ts';

export type { AuditCheckView, AuditEntryView, TokenView } from './schema/access.ts';
export type { ProblemView } from './schema/common.ts';
export type {
  EnvironmentDetailView,
  EnvironmentView,
  LiveView,
  ServiceStateView,
  ServiceVersionsView,
} from './schema/environment.ts';
export type { EventView } from './schema/event.ts';
export type { FiguresView } from './schema/figures.ts';
export type { BypassView, FreezeView } from './schema/freeze.ts';
export type { ChannelView, DeliveryView } from './schema/notification.ts';
export type { QuarantinedView } from './schema/quarantine.ts';
export type { ProjectView } from './schema/project.ts';
export type { ReplayOutcomeView, ReplayView } from './schema/replay.ts';
export type {
  ActOutcomeView,
  LogLineView,
  LookView,
  ReleaseList,
  ReleaseSummary,
  ReleaseView,
} from './schema/release.ts';

/** Unix milliseconds as ISO 8601. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}

/**
 * A release as lists show it. `publicUrl` is where people reach the console; `fronts` holds the release that it waits
 * behind, where it waits.
 */
export function releaseSummary(
  release: Release,
  publicUrl: string,
  fronts: Fronts = new Map(),
): ReleaseSummary {
  const p = release.progress;
  const front = p.state === 'queued' && p.reason === 'behind' ? fronts.get(p.behind ?? '') : undefined;
  return {
    id: release.id,
    number: release.number,
    project: release.project,
    environment: release.environment,
    environmentId: environmentId(release.project, release.environment),
    ref: release.ref,
    commit: release.commit,
    before: release.before,
    author: release.author,
    message: release.message,
    cause: release.cause,
    startedBy: release.startedBy,
    dryRun: release.dryRun,
    createdAt: iso(release.createdAt),
    url: releaseUrl(publicUrl, release.id),
    state: p.state,
    reason: p.reason,
    sentence: front === undefined ? p.message : behindText(front, Date.now()),
    since: iso(p.since),
    behind: p.behind,
    supersededBy: p.supersededBy,
    supersedes: [...p.supersedes],
    waitsUntil: isoOrNull(p.state === 'queued' || p.state === 'paused' ? p.until : null),
    attempt: p.attempt,
    startedAt: isoOrNull(p.startedAt),
    endedAt: isoOrNull(p.endedAt),
    bakingUntil: isoOrNull(p.bakingUntil),
    rollbackCause: p.rollbackCause,
    services: p.services.map((s) => ({ ...s, functions: [...s.functions] })),
    traffic: p.traffic.map((t) => ({ ...t, at: iso(t.at) })),
  };
}

/** A release with everything its events say. */
export function releaseView(release: Release, publicUrl: string, fronts: Fronts = new Map()): ReleaseView {
  const p = release.progress;
  return {
    ...releaseSummary(release, publicUrl, fronts),
    plan: p.plan && {
      ...p.plan,
      stages: p.plan.stages.map((group) => [...group]),
      steps: p.plan.steps.map((step) => ({ ...step })),
      analysis: { ...p.plan.analysis, errors: { ...p.plan.analysis.errors } },
    },
    planText: p.plan === null ? [] : planLines(p.plan),
    difference: p.difference.map(differenceView),
    differenceText: differenceLines(p.difference),
    stages: p.stages.map((s) => ({
      ...s,
      startedAt: iso(s.startedAt),
      endedAt: isoOrNull(s.endedAt),
      logTail: [...s.logTail],
    })),
    steps: p.steps.map((s) => ({ ...s, startedAt: iso(s.startedAt), endedAt: isoOrNull(s.endedAt) })),
    hooks: p.hooks.map((h) => ({
      ...h,
      startedAt: iso(h.startedAt),
      endedAt: isoOrNull(h.endedAt),
      logTail: [...h.logTail],
    })),
    approvals: p.approvals.map((a) => ({
      ...a,
      requestedAt: iso(a.requestedAt),
      until: isoOrNull(a.until),
      decisions: a.decisions.map((d) => ({
        ...d,
        at: iso(d.at),
        evidence: d.evidence && lookView(d.evidence),
      })),
    })),
    verdict: p.verdict && lookView(p.verdict),
  };
}

function differenceView(one: ServiceDifference): ReleaseView['difference'][number] {
  return {
    ...one,
    settings: [...one.settings],
    functions: one.functions.map((f) => ({ ...f, settings: [...f.settings] })),
    kept: [...one.kept],
  };
}

export function lookView({ since, ...look }: Look): LookView {
  return {
    ...look,
    at: iso(look.at),
    ...(since !== undefined && { since: iso(since) }),
    canaryRate: rateOf(look.canaryTotal),
    stableRate: rateOf(look.stableTotal),
  };
}

function rateOf({ requests, failures }: Counts): number | null {
  return requests === 0 ? null : failures / requests;
}

/** `project` stands beside the event because readers see only their own projects. */
export function eventView(stored: StoredEvent, project: string): EventView {
  return {
    id: stored.id,
    releaseId: stored.releaseId,
    project,
    seq: stored.seq,
    at: iso(stored.at),
    text: eventText(stored.event),
    event: withIsoTimes(stored.event),
  };
}

/** Address of a release in the console. */
export function releaseUrl(publicUrl: string, id: string): string {
  return `${publicUrl.replace(/\/$/, '')}/releases/${id}`;
}

const TIME_FIELDS: ReadonlySet<string> = new Set(['at', 'since', 'until', 'bakingUntil']);

function withIsoTimes<T>(value: T): WithIsoTimes<T> {
  return convert(value, '') as WithIsoTimes<T>;
}

function convert(value: unknown, field: string): unknown {
  if (typeof value === 'number' && TIME_FIELDS.has(field)) return iso(value);
  if (Array.isArray(value)) return value.map((item) => convert(item, ''));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item, key)]));
}
