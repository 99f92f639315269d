/** A change of one environment's record: under a lock, so that two people who change two things lose nothing; audited. */
import { environmentId, type EnvironmentRecord } from '../domain/plan/environment.ts';
import type { Role } from '../domain/release/states.ts';
import type { EnvironmentState } from '../store/environments.ts';
import { changeProject, lockProject } from '../store/projects.ts';
import { audited } from './auth/audited.ts';
import { requireRole, type Principal } from './auth/principal.ts';
import type { ApiParts } from './parts.ts';
import { notFound } from './problem.ts';

export interface EnvironmentChange {
  readonly action: string;
  /** Role that it takes. */
  readonly role: Role;
  readonly detail: object;
  readonly change: (old: EnvironmentRecord) => EnvironmentRecord;
}

/** @returns the record after the change @throws Problem 403, 404 */
export async function changeEnvironment(
  parts: ApiParts,
  principal: Principal,
  { project, record: { name } }: EnvironmentState,
  { action, role, detail, change }: EnvironmentChange,
): Promise<EnvironmentRecord> {
  const id = environmentId(project, name);
  return audited(parts, { principal, action, target: `environment:${id}`, detail }, async (record) => {
    requireRole(principal, role);
    return parts.db.transaction().execute(async (tx) => {
      const present = await lockProject(tx, project);
      const old = present?.environments.find((one) => one.name === name);
      if (!present || !old) throw notFound(`environment ${id}`);
      const changed = change(old);
      const environments = present.environments.map((one) => (one === old ? changed : one));
      await changeProject(tx, project, { environments });
      await record(tx);
      return changed;
    });
  });
}
