/** Environments as the API tells them: the stored state beside the split that Function Compute has now. */
import { frozenAt } from '../domain/freeze/schedule.ts';
import { freezeText } from '../domain/freeze/text.ts';
import { regionIn } from '../domain/names/place.ts';
import { environmentId } from '../domain/plan/environment.ts';
import { ensureError } from '../platform/errors.ts';
import type { AliasState } from '../store/alias-states.ts';
import { listVersionOrigins, type EnvironmentState } from '../store/environments.ts';
import type { ApiParts } from './parts.ts';
import {
  iso,
  isoOrNull,
  releaseSummary,
  type EnvironmentDetailView,
  type EnvironmentView,
  type ServiceStateView,
  type ServiceVersionsView,
} from './views.ts';

/** How many versions of a service are offered. */
const VERSIONS = 20;

export async function environmentView(
  parts: Pick<ApiParts, 'config' | 'splits'>,
  state: EnvironmentState,
): Promise<EnvironmentView> {
  const url = parts.config.publicUrl;
  const { record, running, queued } = state;
  // A lane runs one release, so that those which wait stand behind these.
  const fronts = new Map([...(running ? [running] : []), ...queued].map((r) => [r.id, r]));
  return {
    id: environmentId(state.project, record.name),
    project: state.project,
    name: record.name,
    alias: record.alias,
    branches: [...record.branches],
    tags: [...record.tags],
    protection: { ...record.protection },
    variables: { ...record.variables },
    services: await Promise.all(state.services.map((s) => serviceView(parts, s, regionOf(parts, state, s)))),
    running: state.running && releaseSummary(state.running, url),
    queued: state.queued.map((r) => releaseSummary(r, url, fronts)),
    last: state.last && releaseSummary(state.last, url),
    freeze: freezeNow(state),
  };
}

function freezeNow({ freezes }: EnvironmentState): EnvironmentView['freeze'] {
  const now = frozenAt(freezes, Date.now());
  if (now === null) return null;
  const { id, reason, underWay } = now.freeze;
  const { until } = now;
  return { id, reason, underWay, until: isoOrNull(until), text: freezeText({ reason, until }) };
}

/** With the versions of each service, newest first. */
export async function environmentDetail(
  parts: Pick<ApiParts, 'config' | 'splits' | 'fc' | 'db'>,
  state: EnvironmentState,
): Promise<EnvironmentDetailView> {
  const [view, versions] = await Promise.all([
    environmentView(parts, state),
    Promise.all(state.services.map((s) => serviceVersions(parts, s.service))),
  ]);
  return { ...view, versions };
}

/** Said where there is more than one; `undefined` where everything runs in this Sluice's own region. */
function regionOf(
  { config }: Pick<ApiParts, 'config'>,
  { services }: EnvironmentState,
  { service }: AliasState,
): string | undefined {
  const isSpread = services.some((one) => regionIn(one.service) !== null);
  return isSpread ? (regionIn(service) ?? config.region) : undefined;
}

async function serviceView(
  parts: Pick<ApiParts, 'splits'>,
  state: AliasState,
  region: string | undefined,
): Promise<ServiceStateView> {
  const { live, problem } = await parts.splits.read(state.service, state.alias);
  const { service, alias, stable, canary, weight, releaseId } = state;
  return {
    service,
    ...(region !== undefined && { region }),
    alias,
    stable,
    canary,
    weight,
    releaseId,
    changedAt: iso(state.changedAt),
    live,
    liveProblem: problem,
  };
}

async function serviceVersions(
  { fc, db }: Pick<ApiParts, 'fc' | 'db'>,
  service: string,
): Promise<ServiceVersionsView> {
  const origins = await listVersionOrigins(db, service, 500);
  try {
    const versions = await fc.listVersions(service, VERSIONS);
    return {
      service,
      problem: null,
      versions: versions.map((v) => {
        const origin = origins.findLast((o) => o.version === v.versionId);
        return {
          version: v.versionId,
          description: v.description,
          createdAt: v.createdTime,
          releaseId: origin?.releaseId ?? null,
          releaseState: origin?.releaseState ?? null,
          commit: origin?.commit ?? null,
          message: origin?.message ?? null,
        };
      }),
    };
  } catch (error) {
    return { service, versions: [], problem: ensureError(error).message };
  }
}
