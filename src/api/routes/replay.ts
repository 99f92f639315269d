/** What other settings of the judge would have said of a past release. Reads only: anybody who may see it may ask. */
import { createRoute, z } from '@hono/zod-openapi';
import { parseAnalysis } from '../../domain/plan/parse-analysis.ts';
import type { PlanAnalysis } from '../../domain/plan/plan.ts';
import { analysisOfWave, waveCount } from '../../domain/plan/waves.ts';
import { findingText } from '../../domain/finding.ts';
import { evaluationsForReplay } from '../../store/evaluations.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { replayRelease } from '../replay.ts';
import { ReplaySchema } from '../schema/replay.ts';
import { answer, BEARER, createRoutes, PROBLEMS } from './describe.ts';
import { visibleRelease } from './releases.ts';

const ReplayBody = z
  .strictObject({
    analysis: z
      .union([z.looseObject({}), z.string().max(200_000)], {
        error: 'an analysis section as in sluice.yml: a map, or a text of YAML of 200,000 characters at most',
      })
      .optional()
      .describe(
        'An analysis section as in sluice.yml, what is left out at its default; as a map, or as YAML text, which may be a whole sluice.yml. Left out: the settings of then',
      ),
    file: z.string().max(500).default('analysis').describe('What errors call the text'),
  })
  .openapi('ReplayRequest');

const replay = createRoute({
  method: 'post',
  path: '/releases/{id}/replay',
  tags: ['releases'],
  security: BEARER,
  summary: "Judge a release's stored counts again, with other settings",
  request: {
    params: z.object({ id: z.string() }),
    body: { content: { 'application/json': { schema: ReplayBody } } },
  },
  responses: { 200: answer(ReplaySchema, 'What was said then, and what would be said now'), ...PROBLEMS },
});

export function replayRoutes(parts: ApiParts) {
  const routes = createRoutes();
  routes.openapi(replay, async (c) => {
    const release = await visibleRelease(parts, c.get('principal'), c.req.valid('param').id);
    // Without a body nothing was parsed, so that the defaults are not there yet.
    const { analysis, file } = ReplayBody.parse(c.req.valid('json'));
    const { plan } = release.progress;
    const { looks, beginning, later } = await evaluationsForReplay(parts.db, release.id);
    if (plan === null || looks.length === 0)
      throw new Problem({
        status: 409,
        code: 'nothing-to-replay',
        detail: `the judge took no look at release ${release.id}: nothing was compared, so there is nothing to replay`,
      });
    const then = {
      analysis: plan.analysis,
      steps: plan.steps.map((step) => step.analysis ?? null),
      looks,
      history: beginning?.history ?? null,
      watchedFrom: beginning?.watchedFrom ?? null,
      waves: plan.steps.map(({ wave }) => wave),
      laterBeginnings: later,
    };
    const { environment } = release;
    const wanted =
      analysis === undefined
        ? null
        : analysisOfWave(parsed(analysis, { file, environment, before: plan.analysis }), waveCount(plan));
    return c.json(await replayRelease(release.id, then, wanted), 200);
  });
  return routes;
}

function parsed(
  given: string | Readonly<Record<string, unknown>>,
  { file, environment, before }: { file: string; environment: string; before: PlanAnalysis },
): PlanAnalysis {
  const isText = typeof given === 'string';
  const text = isText ? given : JSON.stringify(given);
  const result = parseAnalysis({ text, file, environment });
  if ('analysis' in result)
    // What is not asked for need not be excused: the interval is that of then.
    return result.namesInterval ? result.analysis : { ...result.analysis, intervalMs: before.intervalMs };
  const errors = result.findings.map((finding) => ({
    pointer: `/analysis${finding.path === '' ? '' : `/${finding.path.replaceAll(/[.[]/g, '/').replaceAll(']', '')}`}`,
    // Lines and columns are of use only in a text that somebody wrote.
    detail: isText ? findingText(finding) : finding.message,
  }));
  throw new Problem({
    status: 422,
    code: 'invalid-analysis',
    detail: 'the analysis cannot be used',
    errors,
  });
}
