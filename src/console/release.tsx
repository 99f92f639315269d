/** One release: where it is and why, its plan, its traffic, the evidence, its history, and what one may do. */
import type { FC } from 'hono/jsx';
import type { EventView, LookView, ReleaseView } from '../api/views.ts';
import { ReleaseActs } from './acts.tsx';
import { EvidenceChart } from './evidence-chart.tsx';
import { Layout } from './layout.tsx';
import { Commit, PlaceName, Split, State, Time, duration, percent } from './pieces.tsx';
import type { Viewer } from './viewer.ts';

export interface ReleaseProps {
  readonly viewer: Viewer;
  readonly release: ReleaseView;
  /** Oldest first. */
  readonly events: readonly EventView[];
  readonly looks: readonly LookView[];
  /** What came of a form that was just sent; `null` when none was. */
  readonly notice: string | null;
  /** ISO 8601, UTC, as the release's own times. */
  readonly now: string;
}

export const ReleasePage: FC<ReleaseProps> = ({ viewer, release, events, looks, notice, now }) => (
  <Layout
    title={`${release.project} #${release.number}`}
    viewer={viewer}
    live={`/api/v1/events?release=${release.id}`}
  >
    {notice !== null && (
      <p class="notice" role="status">
        {notice}
      </p>
    )}
    <header class="head">
      <p class="quiet">
        <a href={`/environments/${release.environmentId}`}>
          {release.project} / {release.environment}
        </a>
      </p>
      <h1>
        Release {release.number} <State state={release.state} />
      </h1>
      <p>
        <Commit release={release} />{' '}
        <span class="quiet">by {release.author || release.startedBy || 'unknown'}</span>
      </p>
      {release.sentence && <p class="sentence">{release.sentence}</p>}
      {release.bakingUntil !== null && release.bakingUntil > now && (
        <p class="quiet">
          Watched until <Time at={release.bakingUntil} />: harm until then is taken back by itself.
        </p>
      )}
      {release.behind && (
        <p>
          Behind <a href={`/releases/${release.behind}`}>the release in front</a>.
        </p>
      )}
      {release.supersedes.length > 0 && (
        <p>
          Took the place of{' '}
          {release.supersedes.map((id, index) => (
            <>
              {index > 0 && ', '}
              <a href={`/releases/${id}`}>{id}</a>
            </>
          ))}
          .
        </p>
      )}
      {release.supersededBy && (
        <p>
          A newer push took its place: <a href={`/releases/${release.supersededBy}`}>see that release</a>.
        </p>
      )}
    </header>
    <ReleaseActs release={release} viewer={viewer} />
    <div class="columns">
      <section aria-labelledby="traffic">
        <h2 id="traffic">Traffic</h2>
        {release.traffic.length === 0 && <p class="quiet">No traffic was moved.</p>}
        {release.traffic.map((traffic) => (
          <div class="service">
            <h3>
              <PlaceName of={traffic} />{' '}
              <span class="quiet">
                {traffic.alias}
                {traffic.wave !== undefined && ` · wave ${traffic.wave + 1}`}
              </span>
            </h3>
            <Split shares={sharesOf(traffic)} />
          </div>
        ))}
        <Steps release={release} />
      </section>
      {isJudged(release) && (
        <section aria-labelledby="evidence">
          <h2 id="evidence">Evidence that the canary is worse</h2>
          <EvidenceChart looks={looks} />
        </section>
      )}
    </div>
    <Hooks release={release} />
    <Difference release={release} />
    {isJudged(release) && <Stages release={release} />}
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      <ol class="timeline">
        {events.toReversed().map((event) => (
          <li class={`event event-${event.event.type}`}>
            <Time at={event.at} /> <span>{event.text}</span>
          </li>
        ))}
      </ol>
    </section>
  </Layout>
);

/** A person's rollback sends everybody back at once: it has no stages, and nothing is judged. */
function isJudged({ cause }: ReleaseView): boolean {
  return cause !== 'rollback';
}

function sharesOf({
  stable,
  canary,
  weight,
}: ReleaseView['traffic'][number]): { version: string; weight: number }[] {
  if (stable === null || weight >= 1) return [{ version: canary, weight: 1 }];
  if (weight === 0) return [{ version: stable, weight: 1 }];
  return [
    { version: stable, weight: 1 - weight },
    { version: canary, weight },
  ];
}

const Steps: FC<{ release: ReleaseView }> = ({ release }) =>
  release.plan === null ? null : (
    <ol class="steps">
      {release.plan.steps.map((planned, index) => {
        const where = stepState(release, index);
        return (
          <li class={`step-${where.replace(' ', '-')}`}>
            <strong>{percent(planned.weight)}</strong> for {duration(planned.holdMs)}
            {planned.approval && `, then a ${planned.approval.role} approves`}{' '}
            <span class="quiet">
              {waveText(release, planned.wave)}· {where}
            </span>
          </li>
        );
      })}
      <li class={release.state === 'promoted' ? 'step-done' : 'step-to-come'}>
        <strong>100 %</strong>
      </li>
    </ol>
  );

function waveText({ plan }: ReleaseView, wave: number | undefined): string {
  const regions = wave === undefined ? undefined : plan?.waves?.[wave]?.regions;
  return wave === undefined || !regions ? '' : `· wave ${wave + 1}, ${regions.join(' and ')} `;
}

/** A release that has ended is at no step any more: it stopped at one, and the later ones were never reached. */
function stepState(
  release: ReleaseView,
  index: number,
): 'to come' | 'now' | 'done' | 'stopped here' | 'not reached' {
  const step = release.steps.find((s) => s.step === index);
  const ended = release.endedAt !== null;
  if (step === undefined) return ended ? 'not reached' : 'to come';
  if (step.endedAt !== null) return 'done';
  return ended ? 'stopped here' : 'now';
}

const Hooks: FC<{ release: ReleaseView }> = ({ release }) =>
  release.hooks.length === 0 ? null : (
    <section aria-labelledby="hooks">
      <h2 id="hooks">Hooks</h2>
      <ul class="stages">
        {release.hooks.map((hook) => (
          <li class={`stage stage-${hook.state}`}>
            <strong>{hook.name}</strong>{' '}
            <span class="quiet">
              {hook.step === null ? hook.when : `${hook.when} step ${hook.step + 1}`} · {hook.state}
            </span>
            {hook.summary && <p>{hook.summary}</p>}
            {hook.state === 'failed' && hook.logTail.length > 0 && (
              <pre tabindex={0} aria-label={`Last lines of ${hook.name}`}>
                {hook.logTail.join('\n')}
              </pre>
            )}
          </li>
        ))}
      </ul>
    </section>
  );

const Difference: FC<{ release: ReleaseView }> = ({ release }) =>
  release.differenceText.length === 0 ? null : (
    <section aria-labelledby="difference">
      <h2 id="difference">{release.dryRun ? 'What it would change' : 'What it changes'}</h2>
      <pre tabindex={0}>{release.differenceText.join('\n')}</pre>
      {release.dryRun && (
        <>
          <h3>How</h3>
          <pre tabindex={0}>{release.planText.join('\n')}</pre>
        </>
      )}
    </section>
  );

const Stages: FC<{ release: ReleaseView }> = ({ release }) => (
  <section aria-labelledby="stages">
    <h2 id="stages">Stages</h2>
    <ul class="stages">
      {release.stages.map((stage) => (
        <li class={`stage stage-${stage.state}`}>
          <strong>{stage.stage}</strong> <span class="quiet">{stage.state}</span>
          {stage.summary && <p>{stage.summary}</p>}
          {stage.logTail.length > 0 && (
            <pre tabindex={0} aria-label={`Last lines of ${stage.stage}`}>
              {stage.logTail.join('\n')}
            </pre>
          )}
        </li>
      ))}
    </ul>
  </section>
);
