/** The source stage: the exact commit on disk, and what it wants. Nothing outside Sluice is touched yet. */
import { counted } from '../../domain/analysis/numbers-in-words.ts';
import { findingText } from '../../domain/finding.ts';
import type { Manifest, ManifestService } from '../../domain/manifest/model.ts';
import { orderOf } from '../../domain/plan/order.ts';
import type { ResolvedPlan } from '../../domain/plan/plan.ts';
import { placesOf } from '../../domain/plan/waves.ts';
import { describeCommit, noteCommitTime } from '../../store/releases.ts';
import type { Activities } from '../contract.ts';
import { beating } from '../beating.ts';
import { openLog } from '../build/log-sink.ts';
import type { Parts } from '../parts.ts';
import { subjectOf } from '../release-subject.ts';
import { invalid } from '../failure.ts';
import { refusedSources } from '../watch/sources/open.ts';
import { requireAliases } from './alias-owner.ts';
import { commitFacts, ensureCheckout } from './checkout.ts';
import { unknownProbed } from './probed.ts';
import { readWanted } from './wanted.ts';

/** What another service needs first, else as the manifest has them. */
function inOrder({ services }: Manifest, { needs = {} }: ResolvedPlan): ManifestService[] {
  const written = services.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const names = orderOf(
    written.map(({ name }) => name),
    needs,
  );
  return names.flatMap((name) => services.find((one) => one.name === name) ?? []);
}

/** What the plan's regions make of it. */
function inRegions({ waves = [] }: ResolvedPlan): string {
  const count = waves.reduce((sum, { regions }) => sum + regions.length, 0);
  return count === 0 ? '' : `, for ${counted(count, 'region')} in ${counted(waves.length, 'wave')}`;
}

export function sourceActivities(parts: Parts): Pick<Activities, 'prepareSource'> {
  return {
    prepareSource: ({ releaseId }) =>
      beating(async (signal) => {
        const subject = await subjectOf(parts.db, releaseId);
        const { release } = subject;
        const { folder, isNew } = await ensureCheckout(parts, subject, signal);
        const { author, title, committedAt } = await commitFacts(folder, release.commit, signal);
        await describeCommit(parts.db, releaseId, { author, message: title });
        if (committedAt !== null) await noteCommitTime(parts.db, releaseId, committedAt);
        const { plan, manifest, places, warnings } = await readWanted(folder, subject, parts.regions);
        const refused = refusedSources(plan.analysis.metrics ?? [], parts.metricSources);
        if (refused.length > 0) throw invalid('metrics of the plan cannot be read here', refused);
        const unknown = unknownProbed(plan, manifest.services);
        if (unknown.length > 0) throw invalid('probes of the plan name what the manifest has not', unknown);
        await requireAliases(parts.db, subject, places);
        const services = inOrder(manifest, plan).map(({ name, functions }) => ({
          service: name,
          functions: functions.map((one) => one.name),
        }));
        const log = await openLog(parts, subject, 'source');
        try {
          log.note(`commit ${release.commit} by ${author}: ${title}`);
          for (const warning of warnings) log.note(`warning: ${findingText(warning)}`);
        } finally {
          await log.close();
        }
        const names = services.map(({ service }) => service);
        const count = services.reduce((sum, { functions }) => sum + functions.length, 0);
        const warned = warnings.length === 0 ? '' : `, ${warnings.length} warnings`;
        return {
          dryRun: release.dryRun,
          author,
          plan,
          services,
          ...(plan.waves && { places: placesOf(plan, names, parts.regions.home) }),
          summary: `${release.commit.slice(0, 8)} ${isNew ? 'checked out' : 'was checked out'}, ${manifest.file}: ${counted(count, 'function')} in ${counted(services.length, 'service')}${inRegions(plan)}${warned}`,
        };
      }),
  };
}
