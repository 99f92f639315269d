/** Where an artifact came from, in the form of in-toto's statement with SLSA's provenance predicate (v1). */
import type { Subject } from '../release-subject.ts';
import { sayRepository } from '../source/repository-url.ts';

export interface ProvenanceFacts {
  readonly service: string;
  readonly function: string;
  /** Code folder within the repository. */
  readonly codePath: string;
  /** SHA-256 of the zip. */
  readonly digest: string;
  /** Address of the Sluice that built it. */
  readonly builder: string;
}

/** The statement; plain JSON without times, so that equal builds make equal statements. */
export function provenanceOf({ release, project }: Subject, facts: ProvenanceFacts): object {
  const uri = `git+${sayRepository(project.repository)}@${release.ref}`;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `${facts.service}/${facts.function}.zip`, digest: { sha256: facts.digest } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://sluice.dev/build/function/v1',
        externalParameters: { repository: uri, path: facts.codePath },
        internalParameters: { node: process.version, platform: `${process.platform}-${process.arch}` },
        resolvedDependencies: [{ uri, digest: { gitCommit: release.commit } }],
      },
      runDetails: {
        builder: { id: facts.builder },
        metadata: { invocationId: release.id },
      },
    },
  };
}
