/** Who makes a request, and what they may do: role and projects, as the token says. */
import type { Actor } from '../../domain/release/events.ts';
import { roleCovers, type Role } from '../../domain/release/states.ts';
import { notFound, Problem } from '../problem.ts';

export interface Principal {
  /** Id of the token; `admin` for the installation's own. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Projects that the token is good for; empty = all. */
  readonly projects: readonly string[];
}

export const ADMIN: Principal = { id: 'admin', name: 'admin', role: 'admin', projects: [] };

export function sees(principal: Principal, project: string): boolean {
  return principal.projects.length === 0 || principal.projects.includes(project);
}

/** @throws Problem 403 `role-needed` */
export function requireRole(principal: Principal, needed: Role): void {
  if (roleCovers(principal.role, needed)) return;
  throw new Problem({
    status: 403,
    code: 'role-needed',
    detail: `this needs the role ${needed}; your token has ${principal.role}`,
  });
}

/** For what concerns every project: a token bound to some may not, whatever its role. @throws Problem 403 */
export function requireUnbound(principal: Principal): void {
  if (principal.projects.length === 0) return;
  throw new Problem({
    status: 403,
    code: 'scope-needed',
    detail: `this concerns all projects; your token is bound to ${principal.projects.join(', ')}`,
  });
}

/** @throws Problem 404, the same as for a project that does not exist */
export function requireProject(principal: Principal, project: string): void {
  if (!sees(principal, project)) throw notFound(`project ${project}`);
}

export function actorOf(principal: Principal): Actor {
  return { kind: 'person', name: principal.name, role: principal.role };
}
