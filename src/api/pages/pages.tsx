/**
 * The console's pages and forms. The pages are pure functions of `console/`; what a form asks for goes through the
 * same functions as the API's routes, and its outcome is shown on the page it leads back to.
 */
import { Hono, type Context } from 'hono';
import { EnvironmentPage, HomePage, ReleasePage } from '../../console/index.ts';
import { listEnvironments } from '../../store/environments.ts';
import { releaseLooksOf } from '../../domain/analysis/release-look.ts';
import { listEvaluations } from '../../store/evaluations.ts';
import { listEvents } from '../../store/events.ts';
import { listReleases } from '../../store/releases.ts';
import { actOnRelease, PLAIN_ACTS, type ReleaseAct } from '../acts.ts';
import { requireOwnPage } from '../auth/authenticate.ts';
import { sees } from '../auth/principal.ts';
import { environmentDetail, environmentView } from '../environment-views.ts';
import { figuresView } from '../figures.ts';
import { passFreezes } from '../freezes.ts';
import type { ApiEnv, ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { frontsOf } from '../queue.ts';
import { retry } from '../retry.ts';
import { rollBackEnvironment } from '../rollback.ts';
import { visibleEnvironment } from '../routes/environments.ts';
import { visibleRelease } from '../routes/releases.ts';
import type { ActOutcomeView } from '../schema/release.ts';
import { eventView, iso, lookView, releaseSummary, releaseView } from '../views.ts';
import { assetPages } from './assets.ts';
import { formLimit, html, leaveNotice, takeNotice, visitorOf, type Visitor } from './page.tsx';
import { signInPages, textOf } from './sign-in.tsx';

/** How much of a release's past a page shows. */
const MOST_EVENTS = 1_000;
const MOST_LOOKS = 5_000;

type Form = Readonly<Record<string, unknown>>;

export function consolePages(parts: ApiParts): Hono<ApiEnv> {
  const { db, config } = parts;
  const app = new Hono<ApiEnv>();
  assetPages(app);
  signInPages(app, parts);

  app.get('/', async (c) => {
    const visitor = await visitorOf(parts, c);
    if (visitor instanceof Response) return visitor;
    const { principal, viewer } = visitor;
    const states = (await listEnvironments(db, {})).filter((s) => sees(principal, s.project));
    const environments = await Promise.all(states.map((s) => environmentView(parts, s)));
    const projects = principal.projects.length > 0 ? principal.projects : undefined;
    const newest = await listReleases(db, { projects, limit: 30 });
    const fronts = await frontsOf(db, newest);
    const releases = newest.map((r) => releaseSummary(r, config.publicUrl, fronts));
    return html(c, <HomePage viewer={viewer} environments={environments} releases={releases} />);
  });

  app.get('/environments/:id', async (c) => {
    const visitor = await visitorOf(parts, c);
    if (visitor instanceof Response) return visitor;
    const state = await visibleEnvironment(parts, visitor.principal, c.req.param('id'));
    const environment = await environmentDetail(parts, state);
    const figures = await figuresView(db, {
      project: state.project,
      environment: state.record.name,
      days: 30,
    });
    const releases = await listReleases(db, {
      project: state.project,
      environment: state.record.name,
      limit: 30,
    });
    const fronts = await frontsOf(db, releases);
    return html(
      c,
      <EnvironmentPage
        viewer={visitor.viewer}
        environment={environment}
        releases={releases.map((r) => releaseSummary(r, config.publicUrl, fronts))}
        figures={figures}
        notice={takeNotice(parts, c)}
      />,
    );
  });

  app.get('/releases/:id', async (c) => {
    const visitor = await visitorOf(parts, c);
    if (visitor instanceof Response) return visitor;
    const release = await visibleRelease(parts, visitor.principal, c.req.param('id'));
    const [fronts, events, looks] = await Promise.all([
      frontsOf(db, [release]),
      listEvents(db, { releaseId: release.id, afterId: 0, limit: MOST_EVENTS }),
      listEvaluations(db, release.id, { afterNumber: 0, limit: MOST_LOOKS }),
    ]);
    return html(
      c,
      <ReleasePage
        viewer={visitor.viewer}
        now={iso(Date.now())}
        release={releaseView(release, config.publicUrl, fronts)}
        events={events.map((e) => eventView(e, release.project))}
        looks={releaseLooksOf(looks).map(lookView)}
        notice={takeNotice(parts, c)}
      />,
    );
  });

  /** A form's way: check where it comes from, do it, say on the next page what came of it. */
  async function submit(
    c: Context<ApiEnv>,
    backTo: string,
    work: (visitor: Visitor, form: Form) => Promise<ActOutcomeView>,
  ): Promise<Response> {
    const visitor = await visitorOf(parts, c);
    if (visitor instanceof Response) return visitor;
    const form = await c.req.parseBody();
    requireOwnPage(c, visitor.session, textOf(form['csrf']), config.publicUrl);
    try {
      leaveNotice(parts, c, capitalised((await work(visitor, form)).outcome));
    } catch (error) {
      if (!(error instanceof Problem) || error.status === 404) throw error;
      leaveNotice(parts, c, `Not done: ${error.message}`);
    }
    return c.redirect(backTo, 303);
  }

  for (const kind of ['approve', 'reject', 'skip', ...PLAIN_ACTS] as const)
    app.post(`/releases/:id/${kind}`, formLimit, (c) =>
      submit(c, `/releases/${c.req.param('id')}`, async ({ principal }, form) => {
        const release = await visibleRelease(parts, principal, c.req.param('id') ?? '');
        return actOnRelease(parts, principal, release, {
          act: actOf(kind, form),
          comment: commentOf(form),
          idempotencyKey: undefined,
        });
      }),
    );

  app.post('/releases/:id/pass', formLimit, (c) =>
    submit(c, `/releases/${c.req.param('id')}`, async ({ principal }, form) => {
      const release = await visibleRelease(parts, principal, c.req.param('id'));
      return passFreezes(parts, principal, release, commentOf(form));
    }),
  );

  app.post('/releases/:id/retry', formLimit, (c) =>
    submit(c, `/releases/${c.req.param('id')}`, async ({ principal }, form) => {
      const release = await visibleRelease(parts, principal, c.req.param('id') ?? '');
      return retry(parts, principal, release, commentOf(form));
    }),
  );

  app.post('/environments/:id/rollback', formLimit, (c) =>
    submit(c, `/environments/${c.req.param('id')}`, async ({ principal }, form) => {
      const state = await visibleEnvironment(parts, principal, c.req.param('id'));
      const named = Object.entries(form).filter(
        ([name, version]) => name.startsWith('version.') && version !== '',
      );
      const versions = Object.fromEntries(
        named.map(([name, version]) => [name.slice('version.'.length), textOf(version)]),
      );
      const wish = { version: undefined, versions, comment: commentOf(form), idempotencyKey: undefined };
      return rollBackEnvironment(parts, principal, state, wish);
    }),
  );
  return app;
}

function actOf(kind: ReleaseAct['kind'], form: Form): ReleaseAct {
  const step = wholeNumber(form['step']);
  if (kind === 'skip') return { kind, step };
  if (kind !== 'approve' && kind !== 'reject') return { kind };
  const look = wholeNumber(form['look']);
  if (step === undefined)
    throw new Problem({ status: 422, code: 'invalid-request', detail: 'the form names no step' });
  return { kind, step, look };
}

function wholeNumber(field: unknown): number | undefined {
  const text = textOf(field);
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function commentOf(form: Form): string {
  return textOf(form['comment']).trim().slice(0, 2_000);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
