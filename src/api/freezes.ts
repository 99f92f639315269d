/** Beginning, ending and passing a freeze: who may, what does not fit, and the audit. */
import { newId } from '../platform/new-id.ts';
import { covers, notPassed, type EnvironmentPlace, type FreezePlace } from '../domain/freeze/place.ts';
import { nextBeginning, stretchAt } from '../domain/freeze/schedule.ts';
import { DEFAULT_BYPASS_ROLE } from '../domain/plan/environment.ts';
import { hasEnded, type Role } from '../domain/release/states.ts';
import {
  addBypass,
  addFreeze,
  endFreeze,
  findFreeze,
  listBypasses,
  listFreezes,
  type Bypass,
  type StoredBypass,
  type StoredFreeze,
} from '../store/freezes.ts';
import { findProject, listProjects, type Project } from '../store/projects.ts';
import { findRelease, type Release } from '../store/releases.ts';
import { audited } from './auth/audited.ts';
import { requireRole, requireUnbound, sees, type Principal } from './auth/principal.ts';
import { windowOf } from './freeze-views.ts';
import type { ApiParts } from './parts.ts';
import { notFound, Problem } from './problem.ts';
import { invalidRequest } from './routes/describe.ts';
import type { NewBypass, NewFreeze } from './schema/freeze.ts';
import type { ActOutcomeView } from './schema/release.ts';

/** @throws Problem 403, 422 */
export async function createFreeze(
  parts: ApiParts,
  principal: Principal,
  wish: NewFreeze,
): Promise<StoredFreeze> {
  const id = newId();
  const { project, environment, reason, underWay } = wish;
  const act = { principal, action: 'freeze.create', target: `freeze:${id}`, detail: wish };
  return audited(parts, act, async (record) => {
    requireRole(principal, 'release-manager');
    if (project === null) requireUnbound(principal);
    await requirePlace(parts, principal, project, environment);
    const now = Date.now();
    const window = windowOf(wish.window, now);
    if (window.kind === 'once' && window.until !== null) {
      if (window.until <= window.from) throw unfit('window/until', 'the window ends before it begins');
      if (window.until <= now) throw unfit('window/until', 'the window is over already');
    }
    return parts.db.transaction().execute(async (tx) => {
      const createdBy = principal.name;
      const freeze = await addFreeze(tx, { id, project, environment, reason, underWay, window, createdBy });
      await record(tx);
      return freeze;
    });
  });
}

/** @throws Problem 403, 404 */
export async function finishFreeze(
  parts: ApiParts,
  principal: Principal,
  id: string,
  comment: string,
): Promise<void> {
  const freeze = await visibleFreeze(parts, principal, id);
  const { project, environment, reason } = freeze;
  const detail = { project, environment, reason, comment };
  const act = { principal, action: 'freeze.end', target: `freeze:${id}`, detail };
  await audited(parts, act, async (record) => {
    requireRole(principal, 'release-manager');
    if (project === null) requireUnbound(principal);
    await parts.db.transaction().execute(async (tx) => {
      if (!(await endFreeze(tx, { id, by: principal.name }))) throw notFound(`freeze ${id}`);
      await record(tx);
    });
  });
}

/**
 * Lets a release, or every release of an environment, pass the freeze for the stretch that is on, or else the next one.
 *
 * @throws Problem 403, 404, 409, 422
 */
export async function passFreeze(
  parts: ApiParts,
  principal: Principal,
  id: string,
  wish: NewBypass,
): Promise<StoredBypass> {
  const freeze = await visibleFreeze(parts, principal, id);
  const act = { principal, action: 'freeze.bypass', target: `freeze:${id}`, detail: wish };
  return audited(parts, act, async (record) => {
    const place = await placeOf(parts, principal, freeze, wish);
    requireRole(principal, await bypassRoleOf(parts, place));
    const bypass: Bypass = {
      ...place,
      freezeId: id,
      until: endOf(freeze),
      comment: wish.comment,
      actor: principal.name,
    };
    return parts.db.transaction().execute(async (tx) => {
      const stored = await addBypass(tx, bypass);
      await record(tx, place);
      return stored;
    });
  });
}

/** Lets a release pass every freeze that stops it now. @throws Problem 403, 409, 422 */
export async function passFreezes(
  parts: ApiParts,
  principal: Principal,
  { id: release, project, environment }: Release,
  comment: string,
): Promise<ActOutcomeView> {
  if (comment === '') throw unfit('comment', 'say why; it is kept in the audit');
  const now = Date.now();
  const freezes = await listFreezes(parts.db, now, { project, environment });
  const bypasses = await listBypasses(parts.db, freezes, now);
  const stopping = notPassed(freezes, bypasses, { project, environment, releaseId: release }).filter(
    ({ window }) => stretchAt(window, now) !== null,
  );
  if (stopping.length === 0)
    throw new Problem({ status: 409, code: 'not-frozen', detail: 'no freeze stops this release now' });
  for (const { id } of stopping) await passFreeze(parts, principal, id, { release, comment });
  const outcome = `may pass: ${stopping.map(({ reason }) => reason).join(', ')}`;
  return { release, environment: null, pending: false, outcome };
}

/** Whether the token may see it: a freeze of all projects concerns everybody. */
export function seesFreeze(principal: Principal, { project }: StoredFreeze): boolean {
  return project === null || sees(principal, project);
}

async function visibleFreeze(parts: ApiParts, principal: Principal, id: string): Promise<StoredFreeze> {
  const freeze = await findFreeze(parts.db, id);
  if (!freeze || !seesFreeze(principal, freeze)) throw notFound(`freeze ${id}`);
  return freeze;
}

/** End of the stretch that is on, or of the next one; `null`: it has none. @throws Problem 409 */
function endOf({ window }: StoredFreeze): number | null {
  const now = Date.now();
  const next = nextBeginning(window, now);
  const stretch = stretchAt(window, now) ?? (next === null ? null : stretchAt(window, next));
  if (stretch !== null) return stretch.until;
  throw new Problem({
    status: 409,
    code: 'freeze-over',
    detail: 'this freeze is over; nothing has to pass it',
  });
}

async function placeOf(
  parts: ApiParts,
  principal: Principal,
  freeze: StoredFreeze,
  { release: releaseId, ...wish }: NewBypass,
): Promise<Pick<Bypass, 'project' | 'environment' | 'releaseId'>> {
  if (releaseId !== undefined) {
    const release = await findRelease(parts.db, releaseId);
    if (!release || !sees(principal, release.project))
      throw unfit('release', `there is no release ${releaseId}`);
    const { project, environment } = release;
    if (hasEnded(release.progress.state))
      throw new Problem({
        status: 409,
        code: 'release-ended',
        detail: `the release has ended: ${release.progress.state}`,
      });
    requireCovered(freeze, {
      project: wish.project ?? project,
      environment: wish.environment ?? environment,
    });
    requireCovered({ project: wish.project ?? null, environment: wish.environment ?? null }, release);
    return { project, environment, releaseId };
  }
  const { project = freeze.project, environment = freeze.environment } = wish;
  if (project === null || environment === null)
    throw unfit(
      project === null ? 'project' : 'environment',
      'this freeze stands in several places; name project and environment, or a release',
    );
  await requirePlace(parts, principal, project, environment);
  requireCovered(freeze, { project, environment });
  return { project, environment, releaseId: null };
}

async function bypassRoleOf(
  { db }: ApiParts,
  { project, environment }: Pick<Bypass, 'project' | 'environment'>,
): Promise<Role> {
  const environments = (await findProject(db, project))?.environments ?? [];
  const record = environments.find(({ name }) => name === environment);
  return record?.protection.bypassRole ?? DEFAULT_BYPASS_ROLE;
}

function requireCovered(freezes: FreezePlace, place: EnvironmentPlace): void {
  if (covers(freezes, place)) return;
  const { project, environment } = freezes;
  throw unfit(
    'environment',
    `${place.project}.${place.environment} is not in ${project ?? 'any project'}.${environment ?? 'any environment'}`,
  );
}

/** @throws Problem 422 for a project that is not there or not for this token, and for an environment that nobody has */
async function requirePlace(
  { db }: ApiParts,
  principal: Principal,
  project: string | null,
  environment: string | null,
): Promise<void> {
  const one = project === null ? undefined : await findProject(db, project);
  if (project !== null && (one === undefined || !sees(principal, project)))
    throw unfit('project', `there is no project ${project}`);
  if (environment === null) return;
  const projects: readonly Project[] = one ? [one] : await listProjects(db);
  const names = new Set(projects.flatMap(({ environments }) => environments.map(({ name }) => name)));
  if (!names.has(environment))
    throw unfit(
      'environment',
      `${project ?? 'no project'} has ${project === null ? 'an' : 'no'} environment ${environment}; there is ${[...names].join(', ') || 'none'}`,
    );
}

function unfit(field: string, message: string): Problem {
  return invalidRequest('json', [{ path: field.split('/'), message }]);
}
