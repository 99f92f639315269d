/** What the commit wants: its plan and its manifest, read from the checkout each time they are needed. */
import { readdir } from 'node:fs/promises';
import { chooseManifest } from '../../domain/manifest/choose.ts';
import { findingText, type Finding } from '../../domain/finding.ts';
import type { Manifest, ManifestService } from '../../domain/manifest/model.ts';
import { parseManifest } from '../../domain/manifest/parse.ts';
import { parsePlan } from '../../domain/plan/parse.ts';
import type { ResolvedPlan } from '../../domain/plan/plan.ts';
import { pickServices } from '../../domain/plan/services-file.ts';
import { planTakesRef } from '../../domain/plan/refs.ts';
import { placesOf } from '../../domain/plan/waves.ts';
import { invalid } from '../failure.ts';
import type { Parts } from '../parts.ts';
import type { Subject } from '../release-subject.ts';
import { readInside } from './inside.ts';

export interface WantedPlace {
  /** `domain/names/place.ts` */
  readonly service: string;
  readonly wanted: ManifestService;
}

export interface Wanted {
  readonly plan: ResolvedPlan;
  /** With what the plan releases alone. */
  readonly manifest: Manifest;
  /** Each service in each region that it goes to; without regions each once, under its own name. */
  readonly places: readonly WantedPlace[];
  /** What people should know although it does not stop the release. */
  readonly warnings: readonly Finding[];
}

const PLAN_FILE = 'sluice.yml';

/** @throws ApplicationFailure `Invalid` with every finding, each with file, line, and what is allowed */
export async function readWanted(
  folder: string,
  { environment, release }: Subject,
  regions: Parts['regions'],
): Promise<Wanted> {
  const text = (await readInside(folder, PLAN_FILE)) ?? null;
  const planned = parsePlan({ text, file: PLAN_FILE, environment, regions: regions.known });
  if ('findings' in planned) throw findingsFailure(planned.findings);
  const { plan, refs } = planned;
  // A dry run answers "what would happen", for a branch before its merge too; a bare commit is a release-manager's word.
  const isOfNoRef = release.dryRun || release.ref === '';
  if (refs !== null && !isOfNoRef && !planTakesRef(refs, release.ref))
    throw invalid(`${PLAN_FILE} of this commit does not release ${release.ref} to ${environment.name}`);

  const entries = await readdir(folder, { withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  const chosen = chooseManifest(paths, plan.manifest);
  if ('findings' in chosen) throw findingsFailure(chosen.findings);
  const manifestText = await readInside(folder, chosen.file);
  if (manifestText === undefined) throw invalid(`${chosen.file} is not in the repository`);
  const parsed = parseManifest({
    file: chosen.file,
    text: manifestText,
    variables: environment.variables ?? {},
  });
  if ('findings' in parsed) throw findingsFailure(parsed.findings);
  const unknown = planned.serviceFindings(parsed.manifest.services);
  if (unknown.length > 0) throw findingsFailure(unknown);
  // From here on nobody sees what another environment releases.
  const manifest = { ...parsed.manifest, services: pickServices(parsed.manifest.services, plan.services) };
  const places = wantedPlaces(plan, manifest, regions.home);
  return {
    plan,
    manifest,
    places,
    warnings: [...planned.warnings, ...chosen.warnings, ...manifest.findings],
  };
}

function wantedPlaces(plan: ResolvedPlan, { services }: Manifest, home: string): WantedPlace[] {
  if (!plan.waves) return services.map((wanted) => ({ service: wanted.name, wanted }));
  return services.flatMap((wanted) =>
    placesOf(plan, [wanted.name], home).map(({ service }) => ({ service, wanted })),
  );
}

/** The message holds what fits into a sentence; all of them stand below it. */
const SAID = 3;

function findingsFailure(findings: readonly Finding[]): Error {
  const lines = findings.filter(({ level }) => level === 'error').map(findingText);
  const more = lines.length > SAID ? `; and ${lines.length - SAID} more` : '';
  return invalid(`${lines.slice(0, SAID).join('; ')}${more}`, lines);
}
