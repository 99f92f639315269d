/** One environment: what is live, and any published version one click away. */
import type { FC } from 'hono/jsx';
import type { EnvironmentDetailView, FiguresView, ReleaseSummary } from '../api/views.ts';
import { RollbackForm } from './acts.tsx';
import { ReleaseTable } from './home.tsx';
import { Layout } from './layout.tsx';
import { freezeText, PlaceName, Split, Time } from './pieces.tsx';
import type { Viewer } from './viewer.ts';

export interface EnvironmentProps {
  readonly viewer: Viewer;
  readonly environment: EnvironmentDetailView;
  readonly releases: readonly ReleaseSummary[];
  readonly figures: FiguresView;
  readonly notice: string | null;
}

export const EnvironmentPage: FC<EnvironmentProps> = ({ viewer, environment, releases, figures, notice }) => (
  <Layout title={environment.id} viewer={viewer} live={`/api/v1/events?project=${environment.project}`}>
    {notice !== null && (
      <p class="notice" role="status">
        {notice}
      </p>
    )}
    <header class="head">
      <h1>
        {environment.project} <span class="quiet">/ {environment.name}</span>
      </h1>
      <p class="quiet">
        alias {environment.alias} · released from {[...environment.branches, ...environment.tags].join(', ')}
      </p>
      {environment.freeze && <p class="notice">{freezeText(environment.freeze)}</p>}
    </header>
    <Queue environment={environment} />
    <div class="columns">
      <section aria-labelledby="live">
        <h2 id="live">Live now</h2>
        {environment.services.length === 0 && <p class="quiet">Nothing has been released here yet.</p>}
        {environment.services.map((service) => (
          <div class="service">
            <h3>
              <PlaceName of={service} />
            </h3>
            {service.live ? (
              <Split shares={service.live.versions} />
            ) : (
              <p class="problem">{service.liveProblem}</p>
            )}
            <p class="quiet">
              last moved <Time at={service.changedAt} />
            </p>
          </div>
        ))}
      </section>
      <section aria-labelledby="rollback">
        <h2 id="rollback">Roll back</h2>
        <p class="quiet">At once and without steps; a release that is under way is aborted first.</p>
        <RollbackForm environment={environment} viewer={viewer} />
      </section>
    </div>
    {Object.keys(environment.variables).length > 0 && (
      <section aria-labelledby="variables">
        <h2 id="variables">Variables</h2>
        <p class="quiet">What {'${env(NAME)}'} in the manifest stands for; taken by the next release.</p>
        <ul>
          {Object.entries(environment.variables).map(([name, value]) => (
            <li>
              <code>
                {name}={value}
              </code>
            </li>
          ))}
        </ul>
      </section>
    )}
    <FigureList figures={figures} />
    <section aria-labelledby="releases">
      <h2 id="releases">Releases</h2>
      <ReleaseTable releases={releases} />
    </section>
  </Layout>
);

const FigureList: FC<{ figures: FiguresView }> = ({ figures: { lines, days } }) => (
  <section aria-labelledby="figures">
    <h2 id="figures">Last {days === 1 ? 'day' : `${days} days`}</h2>
    <dl class="figures">
      {lines.map(({ name, value, basis }) => (
        <div>
          <dt>{name}</dt>
          <dd>
            <strong>{value}</strong> <span class="quiet">{basis}</span>
          </dd>
        </div>
      ))}
    </dl>
  </section>
);

const Queue: FC<{ environment: EnvironmentDetailView }> = ({ environment: { queued } }) =>
  queued.length === 0 ? null : (
    <section aria-labelledby="waiting">
      <h2 id="waiting">Waiting</h2>
      <ol>
        {queued.map((release) => (
          <li>
            <a href={`/releases/${release.id}`}>release {release.number}</a>{' '}
            <span class="quiet">{release.sentence ?? 'on its way to the lane'}</span>
          </li>
        ))}
      </ol>
    </section>
  );
