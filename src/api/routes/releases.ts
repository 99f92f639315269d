/** Releases: lists, one with all it has, its logs, events and looks, and what people may do to it. */
import { createRoute, z } from '@hono/zod-openapi';
import { RELEASE_STATES } from '../../domain/release/states.ts';
import { listEvaluations } from '../../store/evaluations.ts';
import { listEvents } from '../../store/events.ts';
import { listLogLines } from '../../store/logs.ts';
import { findRelease, listReleases, type Release } from '../../store/releases.ts';
import { actOnRelease, PLAIN_ACTS, type PlainAct, type ReleaseAct } from '../acts.ts';
import { sees, type Principal } from '../auth/principal.ts';
import type { ApiParts } from '../parts.ts';
import { notFound } from '../problem.ts';
import { frontsOf } from '../queue.ts';
import { retry } from '../retry.ts';
import { LimitSchema } from '../schema/common.ts';
import { EventSchema } from '../schema/event.ts';
import {
  ActOutcomeSchema,
  LogLineSchema,
  LookSchema,
  ReleaseListSchema,
  ReleaseViewSchema,
} from '../schema/release.ts';
import { eventView, iso, lookView, releaseSummary, releaseView } from '../views.ts';
import { answer, BEARER, body, createRoutes, IdempotencyHeader, PROBLEMS } from './describe.ts';

const Id = z.object({ id: z.string() });
const After = z.coerce.number().int().min(0).default(0);
const MostLines = z.coerce.number().int().min(1).max(5_000).default(1_000);
const Comment = z.string().max(2_000).default('');
const DecisionBody = z
  .strictObject({
    step: z.int().min(0).describe('Index of the step in the plan, from 0, as in `approvals[].step`'),
    comment: Comment,
    /** Number of the look that stood on the screen; the newest one when left out. */
    look: z.int().min(1).optional(),
  })
  .openapi('Decision');
const CommentBody = z.strictObject({ comment: Comment }).openapi('Comment');

const common = { tags: ['releases'], security: BEARER };
const list = createRoute({
  ...common,
  method: 'get',
  path: '/releases',
  summary: 'Releases, newest first',
  request: {
    query: z.object({
      project: z.string().optional(),
      environment: z.string().optional().openapi({ description: 'Name, or id as `project.environment`' }),
      state: z.enum(RELEASE_STATES).optional(),
      commit: z
        .string()
        .regex(/^[0-9a-f]{4,64}$/i, '4–64 hexadecimal digits')
        .optional(),
      cursor: z
        .string()
        .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'nextCursor of the page before')
        .optional(),
      limit: LimitSchema,
    }),
  },
  responses: { 200: answer(ReleaseListSchema, 'A page of releases'), ...PROBLEMS },
});
const show = createRoute({
  ...common,
  method: 'get',
  path: '/releases/{id}',
  summary: 'One release with plan, stages, steps, traffic, verdict and approvals',
  request: { params: Id },
  responses: { 200: answer(ReleaseViewSchema, 'The release'), ...PROBLEMS },
});
const logs = createRoute({
  ...common,
  method: 'get',
  path: '/releases/{id}/logs',
  summary: 'Log lines of its stages, oldest first; go on after the last id',
  request: { params: Id, query: z.object({ after: After, limit: MostLines }) },
  responses: { 200: answer(z.object({ lines: z.array(LogLineSchema) }), 'Lines'), ...PROBLEMS },
});
const events = createRoute({
  ...common,
  method: 'get',
  path: '/releases/{id}/events',
  summary: 'Its history, oldest first; go on after the last id',
  request: { params: Id, query: z.object({ after: After, limit: MostLines }) },
  responses: { 200: answer(z.object({ events: z.array(EventSchema) }), 'Events'), ...PROBLEMS },
});
const evaluations = createRoute({
  ...common,
  method: 'get',
  path: '/releases/{id}/evaluations',
  summary: 'Every look of the judge, oldest first; go on after the last number',
  request: { params: Id, query: z.object({ after: After, limit: MostLines }) },
  responses: { 200: answer(z.object({ evaluations: z.array(LookSchema) }), 'Looks'), ...PROBLEMS },
});
const outcomes = {
  200: answer(ActOutcomeSchema, 'Done'),
  202: answer(ActOutcomeSchema, 'Handed over; the outcome is still to come'),
  ...PROBLEMS,
};
const decide = (kind: 'approve' | 'reject') =>
  createRoute({
    ...common,
    method: 'post',
    path: `/releases/{id}/${kind}`,
    summary: `${kind === 'approve' ? 'Approve' : 'Reject'} a step that waits for approval`,
    request: { params: Id, headers: IdempotencyHeader, body: body(DecisionBody) },
    responses: outcomes,
  });
const SUMMARIES: Readonly<Record<PlainAct, string>> = {
  abort: 'End a running release; traffic goes back to the stable version',
  pause: 'Keep the traffic where it is until somebody resumes; the judge goes on watching',
  resume: 'End a pause',
  promote: 'Go to 100 % now; counts as the approval of every step that is left',
  'take-over': 'Set an alias as planned again that was changed outside of the release',
  yield: 'Leave an alias as it was set outside, and end the release',
};
const plain = (kind: PlainAct) =>
  createRoute({
    ...common,
    method: 'post',
    path: `/releases/{id}/${kind}`,
    summary: SUMMARIES[kind],
    request: { params: Id, headers: IdempotencyHeader, body: optionalBody(CommentBody) },
    responses: outcomes,
  });
const SkipBody = z
  .strictObject({
    comment: Comment,
    step: z
      .int()
      .min(0)
      .optional()
      .describe('Index of the step whose hold is meant, from 0; the one it is at when left out'),
  })
  .openapi('Skip');
const retryRoute = createRoute({
  ...common,
  method: 'post',
  path: '/releases/{id}/retry',
  summary: 'Try a failed release again; what was built is kept',
  request: { params: Id, body: optionalBody(CommentBody) },
  responses: outcomes,
});
const skip = createRoute({
  ...common,
  method: 'post',
  path: '/releases/{id}/skip',
  summary: "Leave out the rest of a step's hold; its approval is asked for all the same",
  request: { params: Id, headers: IdempotencyHeader, body: optionalBody(SkipBody) },
  responses: outcomes,
});

function optionalBody<S extends z.ZodType>(schema: S) {
  return { content: { 'application/json': { schema } } };
}

export function releaseRoutes(parts: ApiParts) {
  const { db, config } = parts;
  const routes = createRoutes();

  routes.openapi(list, async (c) => {
    const principal = c.get('principal');
    const { limit, cursor, environment, state, commit, project } = c.req.valid('query');
    const [before, after] = environment?.includes('.') ? environment.split('.') : [undefined, environment];
    const page = await listReleases(db, {
      project: project ?? before,
      projects: principal.projects.length > 0 ? principal.projects : undefined,
      environment: after,
      state,
      commit: commit?.toLowerCase(),
      after: cursor,
      limit: limit + 1,
    });
    const releases = page.slice(0, limit);
    const nextCursor = page.length > limit ? (releases.at(-1)?.id ?? null) : null;
    const fronts = await frontsOf(db, releases);
    const views = releases.map((r) => releaseSummary(r, config.publicUrl, fronts));
    return c.json({ releases: views, nextCursor }, 200);
  });

  routes.openapi(show, async (c) => {
    const release = await visibleRelease(parts, c.get('principal'), c.req.valid('param').id);
    return c.json(releaseView(release, config.publicUrl, await frontsOf(db, [release])), 200);
  });

  routes.openapi(logs, async (c) => {
    const release = await visibleRelease(parts, c.get('principal'), c.req.valid('param').id);
    const { after, limit } = c.req.valid('query');
    const lines = await listLogLines(db, release.id, { afterId: after, limit });
    return c.json({ lines: lines.map((line) => ({ ...line, at: iso(line.at) })) }, 200);
  });

  routes.openapi(events, async (c) => {
    const release = await visibleRelease(parts, c.get('principal'), c.req.valid('param').id);
    const { after, limit } = c.req.valid('query');
    const stored = await listEvents(db, { releaseId: release.id, afterId: after, limit });
    return c.json({ events: stored.map((event) => eventView(event, release.project)) }, 200);
  });

  routes.openapi(evaluations, async (c) => {
    const release = await visibleRelease(parts, c.get('principal'), c.req.valid('param').id);
    const { after, limit } = c.req.valid('query');
    const looks = await listEvaluations(db, release.id, { afterNumber: after, limit });
    return c.json({ evaluations: looks.map(lookView) }, 200);
  });

  async function act(
    principal: Principal,
    id: string,
    act: ReleaseAct,
    comment: string,
    idempotencyKey: string | undefined,
  ) {
    const release = await visibleRelease(parts, principal, id);
    return actOnRelease(parts, principal, release, { act, comment, idempotencyKey });
  }
  for (const kind of ['approve', 'reject'] as const)
    routes.openapi(decide(kind), async (c) => {
      const { step, look, comment } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      const id = c.req.valid('param').id;
      const outcome = await act(c.get('principal'), id, { kind, step, look }, comment, key);
      return outcome.pending ? c.json(outcome, 202) : c.json(outcome, 200);
    });
  for (const kind of PLAIN_ACTS)
    routes.openapi(plain(kind), async (c) => {
      // Without a body nothing was parsed, so that the default is not there yet.
      const { comment } = CommentBody.parse(c.req.valid('json'));
      const key = c.req.valid('header')['idempotency-key'];
      const outcome = await act(c.get('principal'), c.req.valid('param').id, { kind }, comment, key);
      return outcome.pending ? c.json(outcome, 202) : c.json(outcome, 200);
    });
  routes.openapi(retryRoute, async (c) => {
    const { comment } = CommentBody.parse(c.req.valid('json'));
    const release = await visibleRelease(parts, c.get('principal'), c.req.valid('param').id);
    return c.json(await retry(parts, c.get('principal'), release, comment), 200);
  });
  routes.openapi(skip, async (c) => {
    const { comment, step } = SkipBody.parse(c.req.valid('json'));
    const key = c.req.valid('header')['idempotency-key'];
    const outcome = await act(
      c.get('principal'),
      c.req.valid('param').id,
      { kind: 'skip', step },
      comment,
      key,
    );
    return outcome.pending ? c.json(outcome, 202) : c.json(outcome, 200);
  });
  return routes;
}

/** @throws Problem 404, the same for a release that is not there and one that the token may not see */
export async function visibleRelease(parts: ApiParts, principal: Principal, id: string): Promise<Release> {
  const release = await findRelease(parts.db, id);
  if (!release || !sees(principal, release.project)) throw notFound(`release ${id}`);
  return release;
}
