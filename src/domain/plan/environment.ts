/** What the project's record says of an environment; `sluice.yml` may be stricter, never laxer. */
import type { Role } from '../release/states.ts';
import type { SupersedePolicy } from './supersede.ts';

/** Who may decide what. Changed by admins only, audited. */
export interface Protection {
  /** Role that an approval needs at least. */
  readonly approvalRole: Role;
  /** Least number of different people for each approval. */
  readonly approvalCount: number;
  /** The commit's author may not approve. */
  readonly notAuthor: boolean;
  /** Least number of gray steps a plan must have. */
  readonly leastSteps: number;
}

export interface EnvironmentRecord {
  readonly name: string;
  /** Branch patterns (`main`, `release/*`); `*` stands for anything but `/`, `**` for anything. */
  readonly branches: readonly string[];
  /** Tag patterns, likewise. */
  readonly tags: readonly string[];
  /** FC alias that carries the environment's traffic. */
  readonly alias: string;
  readonly protection: Protection;
  /** What a newer push does to older releases; left out: as the commit's plan says. */
  readonly supersede?: SupersedePolicy;
}

export const DEFAULT_PROTECTION: Protection = {
  approvalRole: 'release-manager',
  approvalCount: 1,
  notAuthor: false,
  leastSteps: 0,
};

/** The environments of a project that names none: `production` on the default branch, alias PROD. */
export function defaultEnvironments(defaultBranch: string): EnvironmentRecord[] {
  return [
    {
      name: 'production',
      branches: [defaultBranch],
      tags: [],
      alias: 'PROD',
      protection: DEFAULT_PROTECTION,
    },
  ];
}

/** Id of an environment in URLs and workflow ids: `{project}.{environment}`. */
export function environmentId(project: string, environment: string): string {
  return `${project}.${environment}`;
}
