/** The release that an activity works for, with its project and environment as the record has them now. */
import type { EnvironmentRecord } from '../domain/plan/environment.ts';
import { findProject, type Project } from '../store/projects.ts';
import { findRelease, type Release } from '../store/releases.ts';
import type { Db } from '../store/store.ts';
import { invalid } from './failure.ts';

export interface Subject {
  readonly release: Release;
  readonly project: Project;
  readonly environment: EnvironmentRecord;
}

/** @throws ApplicationFailure `Invalid` where the project or its environment is gone */
export async function subjectOf(db: Db, releaseId: string): Promise<Subject> {
  const release = await findRelease(db, releaseId);
  if (!release) throw invalid(`release ${releaseId} does not exist`);
  const project = await findProject(db, release.project);
  if (!project) throw invalid(`project ${release.project} does not exist any more`);
  const environment = project.environments.find(({ name }) => name === release.environment);
  if (!environment)
    throw invalid(`project ${release.project} has no environment ${release.environment} any more`);
  return { release, project, environment };
}
