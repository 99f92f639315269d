/** What a person may do to a release or an environment, as plain forms: each works without any script. */
import type { FC } from 'hono/jsx';
import type { EnvironmentDetailView, ReleaseView, ServiceVersionsView } from '../api/views.ts';
import { firstLine, percent } from './pieces.tsx';
import { may, type Viewer } from './viewer.ts';

export const ReleaseActs: FC<{ release: ReleaseView; viewer: Viewer }> = ({ release, viewer }) => {
  const open = release.approvals.find((approval) => approval.outcome === null);
  const running = release.endedAt === null;
  const decides = open !== undefined && may(viewer, open.role);
  if (!running) return null;
  return (
    <section class="acts" aria-label="What you can do">
      {open && !decides && <p class="quiet">Waits for a {open.role}.</p>}
      {open && decides && (
        <form method="post" class="act">
          <Hidden viewer={viewer} step={open.step} look={release.verdict?.number} />
          <label for="decision-comment">Why (kept in the record)</label>
          <input id="decision-comment" name="comment" type="text" maxlength={1000} autocomplete="off" />
          <div class="buttons">
            <button class="good" type="submit" formaction={`/releases/${release.id}/approve`}>
              Approve step {open.step + 1}
            </button>
            <button class="bad" type="submit" formaction={`/releases/${release.id}/reject`}>
              Reject and roll back
            </button>
          </div>
        </form>
      )}
      {may(viewer, 'developer') && (
        <form method="post" class="act" action={`/releases/${release.id}/abort`}>
          <Hidden viewer={viewer} />
          <label for="abort-comment">Stop this release and go back to the live version</label>
          <input
            id="abort-comment"
            name="comment"
            type="text"
            maxlength={1000}
            placeholder="Why"
            autocomplete="off"
          />
          <div class="buttons">
            <button class="bad" type="submit">
              Abort
            </button>
          </div>
        </form>
      )}
    </section>
  );
};

/** Nothing is chosen beforehand: the newest version is often the one that was just rolled back. */
export const RollbackForm: FC<{ environment: EnvironmentDetailView; viewer: Viewer }> = ({
  environment,
  viewer,
}) => {
  if (!may(viewer, 'release-manager')) return <p class="quiet">Rolling back needs a release-manager.</p>;
  if (environment.versions.length === 0) return <p class="quiet">There is no version to go back to yet.</p>;
  return (
    <form method="post" class="act" action={`/environments/${environment.id}/rollback`}>
      <Hidden viewer={viewer} />
      {environment.versions.map((service) => (
        <p>
          <label for={`version-${service.service}`}>Version of {service.service}</label>
          <select id={`version-${service.service}`} name={`version.${service.service}`} required>
            <option value="">choose a version</option>
            {service.versions.map((version) => (
              <option value={version.version}>
                {versionText(version, liveShare(environment, service, version))}
              </option>
            ))}
          </select>
          {service.problem !== null && <span class="problem">{service.problem}</span>}
        </p>
      ))}
      <label for="rollback-comment">Why (kept in the audit)</label>
      <input id="rollback-comment" name="comment" type="text" maxlength={1000} autocomplete="off" />
      <div class="buttons">
        <button class="bad" type="submit">
          Send all traffic there now
        </button>
      </div>
    </form>
  );
};

type Version = ServiceVersionsView['versions'][number];

function liveShare(
  environment: EnvironmentDetailView,
  { service }: ServiceVersionsView,
  { version }: Version,
) {
  const state = environment.services.find((s) => s.service === service);
  return state?.live?.versions.find((v) => v.version === version)?.weight ?? 0;
}

/** One line of a list, the most telling first: `2 · live, 100 % · Greet by the hour · promoted · 2026-11-24 21:43`. */
function versionText(version: Version, share: number): string {
  return [
    version.version,
    share > 0 ? `live, ${percent(share)}` : '',
    firstLine(version.message ?? version.description),
    (version.releaseState ?? '').replaceAll('-', ' '),
    version.createdAt.slice(0, 16).replace('T', ' '),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** `look` says which evidence was on the screen when the person decided. */
const Hidden: FC<{ viewer: Viewer; step?: number; look?: number | undefined }> = ({ viewer, step, look }) => (
  <>
    <input type="hidden" name="csrf" value={viewer.csrf} />
    {step !== undefined && <input type="hidden" name="step" value={String(step)} />}
    {look !== undefined && <input type="hidden" name="look" value={String(look)} />}
  </>
);
