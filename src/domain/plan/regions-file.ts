/** How regions are written in `sluice.yml`, and what the schema cannot say of them. */
import { z } from 'zod';
import type { Finding } from '../finding.ts';
import { didYouMean } from '../names/nearest.ts';
import { findingAt, type Path } from '../yaml/finding-at.ts';
import type { YamlNode } from '../yaml/node.ts';
import { strictMap } from '../yaml/zod-findings.ts';
import { duration, text } from './fields.ts';
import type { PlanWave } from './waves.ts';

const WEEK_MS = 7 * 86_400_000;

const wave = strictMap('a wave', {
  wave: z
    .array(text("a region's name such as cn-hangzhou", 63), { error: 'a list of regions' })
    .min(1, { error: 'one region or more' })
    .max(20, { error: '20 regions at most' })
    .describe('Regions that get the new version together.'),
  bake: duration(0, WEEK_MS)
    .optional()
    .describe(
      'How long the next wave waits when all traffic of this one has moved, while the judge watches on; not at all if left out.',
    ),
});

export const regions = z
  .array(wave, { error: 'a list of waves, such as [{wave: [cn-hangzhou]}, {wave: [cn-shanghai]}]' })
  .min(1, { error: 'one wave or more' })
  .max(10, { error: '10 waves at most' });
export type RegionsFile = z.output<typeof regions>;

/**
 * Regions that are there twice, or that this Sluice cannot reach, and a wait that nothing follows.
 *
 * @param known regions that can be reached; left out: not checked
 */
export function regionFindings(
  section: unknown,
  path: Path,
  root: YamlNode,
  known: readonly string[] | undefined,
): Finding[] {
  const parsed = regions.safeParse(section);
  if (!parsed.success) return [];
  const waves = parsed.data;
  const findings: Finding[] = [];
  const report = (where: Path, code: string, message: string): void => {
    findings.push(findingAt(root, [...path, ...where], code, message));
  };
  const seen = new Map<string, number>();
  for (const [i, { wave: names, bake }] of waves.entries()) {
    for (const [j, name] of names.entries()) {
      const before = seen.get(name);
      if (before !== undefined)
        report(
          [i, 'wave', j],
          'duplicate',
          `the region ${name} is in wave ${before + 1} already; allowed: once`,
        );
      seen.set(name, before ?? i);
      if (known && !known.includes(name)) report([i, 'wave', j], 'unknown-region', unknown(name, known));
    }
    if (bake !== undefined && i === waves.length - 1)
      report(
        [i, 'bake'],
        'conflict',
        'found a wait after the last wave; allowed: bake of the environment, beside regions',
      );
  }
  return findings;
}

function unknown(name: string, known: readonly string[]): string {
  return `found ${JSON.stringify(name)}, which this Sluice knows no endpoint of${didYouMean(name, known)}; allowed: ${known.join(', ')} (SLUICE_REGION and SLUICE_REGIONS)`;
}

/** `undefined` where the plan names none. */
export function resolveRegions(section: RegionsFile | undefined): PlanWave[] | undefined {
  return section?.map(({ wave: names, bake }) => ({ regions: names, bakeMs: bake ?? 0 }));
}
