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
  /** Least number of approvals in a plan; one that is passed by waiting does not count. */
  readonly leastApprovals: number;
  /** Each step of this share or more, and the last one in any case, must ask for an approval; `null`: none must. */
  readonly approvalFrom: number | null;
  /** Role that may let releases pass a freeze; left out: `DEFAULT_BYPASS_ROLE`. */
  readonly bypassRole?: Role;
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
  /** What a newer push does to older releases; left out: as the newest plan of the environment says. */
  readonly supersede?: SupersedePolicy;
  /** What `${env(NAME)}` in manifests stands for; plain values that everybody may read. Left out: none. */
  readonly variables?: Readonly<Record<string, string>>;
}

export const DEFAULT_PROTECTION: Protection = {
  approvalRole: 'release-manager',
  approvalCount: 1,
  notAuthor: false,
  leastSteps: 0,
  leastApprovals: 0,
  approvalFrom: null,
};

export const DEFAULT_BYPASS_ROLE: Role = 'release-manager';

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

/** An environment as it was stored, with what records of before did not have. */
export function completeEnvironment(stored: EnvironmentRecord): EnvironmentRecord {
  return { ...stored, protection: { ...DEFAULT_PROTECTION, ...stored.protection } };
}

/** Id of an environment in URLs and workflow ids: `{project}.{environment}`. */
export function environmentId(project: string, environment: string): string {
  return `${project}.${environment}`;
}
