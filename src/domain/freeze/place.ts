/** Where freezes stand, and who may pass them: one rule for lanes, pages and the API. */

/** `null` stands for all. */
export interface FreezePlace {
  readonly project: string | null;
  readonly environment: string | null;
}

export interface EnvironmentPlace {
  readonly project: string;
  readonly environment: string;
}

/** A leave to pass one freeze; `releaseId: null` is every release of the environment. */
export interface Pass extends EnvironmentPlace {
  readonly freezeId: string;
  readonly releaseId: string | null;
}

/** Whether what stands at the place concerns the environment. */
export function covers(
  { project, environment }: FreezePlace,
  { project: itsProject, environment: itsName }: EnvironmentPlace,
): boolean {
  return [null, itsProject].includes(project) && [null, itsName].includes(environment);
}

/** The freezes that a release may not pass. @param releaseId `null`: that not every release of the environment may */
export function notPassed<F extends { readonly id: string }>(
  freezes: readonly F[],
  passes: readonly Pass[],
  { project, environment, releaseId }: EnvironmentPlace & { readonly releaseId: string | null },
): F[] {
  const own = passes.filter(
    (pass) =>
      pass.project === project &&
      pass.environment === environment &&
      [null, releaseId].includes(pass.releaseId),
  );
  return freezes.filter(({ id }) => !own.some(({ freezeId }) => freezeId === id));
}
