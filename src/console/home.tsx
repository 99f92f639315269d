/** The first page: what runs where, and what was released lately. */
import type { FC } from 'hono/jsx';
import type { EnvironmentView, ReleaseSummary, ServiceStateView } from '../api/views.ts';
import { Layout } from './layout.tsx';
import { Commit, PlaceName, Split, State, Time } from './pieces.tsx';
import type { Viewer } from './viewer.ts';

export interface HomeProps {
  readonly viewer: Viewer;
  readonly environments: readonly EnvironmentView[];
  readonly releases: readonly ReleaseSummary[];
}

export const HomePage: FC<HomeProps> = ({ viewer, environments, releases }) => (
  <Layout title="Environments" viewer={viewer} live="/api/v1/events">
    <section aria-labelledby="environments">
      <h1 id="environments">Environments</h1>
      {environments.length === 0 && <Empty />}
      <div class="cards">
        {environments.map((environment) => (
          <Environment environment={environment} />
        ))}
      </div>
    </section>
    <section aria-labelledby="releases">
      <h2 id="releases">Releases</h2>
      <ReleaseTable releases={releases} />
    </section>
  </Layout>
);

const Empty: FC = () => (
  <p class="empty">
    No project yet. Add one with <code>sluice project add</code>, point its repository’s webhook at Sluice,
    and push.
  </p>
);

const Environment: FC<{ environment: EnvironmentView }> = ({ environment }) => (
  <article class="card">
    <header>
      <h3>
        <a href={`/environments/${environment.id}`}>
          {environment.project} <span class="quiet">/ {environment.name}</span>
        </a>
      </h3>
      <span class="quiet">alias {environment.alias}</span>
    </header>
    {environment.services.length === 0 && <p class="quiet">Nothing has been released here yet.</p>}
    {environment.services.map((service) => (
      <Service service={service} />
    ))}
    {environment.running && (
      <p>
        <State state={environment.running.state} />{' '}
        <a href={`/releases/${environment.running.id}`}>release {environment.running.number}</a>
        {environment.running.sentence && <span class="quiet"> · {environment.running.sentence}</span>}
      </p>
    )}
    {environment.freeze && <p class="problem">{environment.freeze.text}</p>}
    {environment.queued.length > 0 && (
      <p class="quiet">
        {environment.queued.length} waiting:{' '}
        {environment.queued.map((release) => `release ${release.number}`).join(', ')}
      </p>
    )}
  </article>
);

const Service: FC<{ service: ServiceStateView }> = ({ service }) => (
  <div class="service">
    <h4>
      <PlaceName of={service} />
    </h4>
    {service.live ? <Split shares={service.live.versions} /> : <p class="problem">{service.liveProblem}</p>}
  </div>
);

export const ReleaseTable: FC<{ releases: readonly ReleaseSummary[] }> = ({ releases }) =>
  releases.length === 0 ? (
    <p class="empty">No release yet.</p>
  ) : (
    <div class="scroll" tabindex={0} role="region" aria-label="Releases">
      <table>
        <thead>
          <tr>
            <th scope="col">Release</th>
            <th scope="col">State</th>
            <th scope="col">Commit</th>
            <th scope="col">Author</th>
            <th scope="col">Created (UTC)</th>
          </tr>
        </thead>
        <tbody>
          {releases.map((release) => (
            <tr>
              <td>
                <a href={`/releases/${release.id}`}>
                  {release.project} #{release.number}
                </a>{' '}
                <span class="quiet">{release.environment}</span>
              </td>
              <td>
                <State state={release.state} />
              </td>
              <td>
                <Commit release={release} />
              </td>
              <td>{release.author}</td>
              <td>
                <Time at={release.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
