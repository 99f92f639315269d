/** What a person may do to a release or an environment, as plain forms: each works without any script. */
import type { FC } from 'hono/jsx';
import type { EnvironmentDetailView, ReleaseView, ServiceVersionsView } from '../api/views.ts';
import { firstLine, percent } from './pieces.tsx';
import { may, type Viewer } from './viewer.ts';

export const ReleaseActs: FC<{ release: ReleaseView; viewer: Viewer }> = ({ release, viewer }) => {
  const open = release.approvals.find((approval) => approval.outcome === null);
  const running = release.endedAt === null;
  const decides = open !== undefined && may(viewer, open.role);
  if (!running)
    return release.state === 'failed' && !release.dryRun && may(viewer, 'developer') ? (
      <RetryForm release={release} viewer={viewer} />
    ) : null;
  return (
    <section class="acts" aria-label="What you can do">
      {open && !decides && <p class="quiet">Waits for a {open.role}.</p>}
      {open && decides && (
        <form method="post" class="act">
          <Hidden viewer={viewer} step={open.step} look={release.verdict?.number} />
          <Why id="decision-comment" label="Why (kept in the record)" />
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
      {release.reason === 'freeze' && may(viewer, 'release-manager') && (
        <PassForm release={release} viewer={viewer} />
      )}
      {may(viewer, 'developer') && <SteerForm release={release} viewer={viewer} open={open !== undefined} />}
    </section>
  );
};

const RetryForm: FC<{ release: ReleaseView; viewer: Viewer }> = ({ release, viewer }) => (
  <section class="acts" aria-label="What you can do">
    <form method="post" class="act" action={`/releases/${release.id}/retry`}>
      <Hidden viewer={viewer} />
      <Why id="retry-comment" label="Try it again from what is done (why, kept in the record)" />
      <div class="buttons">
        <button type="submit">Try again</button>
      </div>
    </form>
  </section>
);

/** The way through a freeze; without a reason there is none. */
const PassForm: FC<{ release: ReleaseView; viewer: Viewer }> = ({ release, viewer }) => (
  <form method="post" class="act" action={`/releases/${release.id}/pass`}>
    <Hidden viewer={viewer} />
    <Why id="pass-comment" label="Let this release pass the freeze (why, kept in the audit)" isRequired />
    <div class="buttons">
      <button type="submit">Let it pass</button>
    </div>
  </form>
);

/** Pauses in which a person has the word about an alias. */
const ALIAS_QUESTIONS = ['changed-outside', 'stable-gone', 'rollback-refused'] as const;

const STEER_LABELS = {
  none: 'Steer this release (why, kept in the record); aborting takes the traffic back to the live version',
  'changed-outside': 'Somebody else changed the alias: set it as planned again, or leave it (why)',
  'stable-gone':
    'The version to go back to was deleted: try again once it is there, or leave the traffic (why)',
  'rollback-refused': 'The rollback was refused: try again once that is mended, or leave the traffic (why)',
} as const;

/** What may be done beside a decision; only what makes sense now is offered. */
const SteerForm: FC<{ release: ReleaseView; viewer: Viewer; open: boolean }> = ({
  release,
  viewer,
  open,
}) => {
  const isManager = may(viewer, 'release-manager');
  const question = ALIAS_QUESTIONS.find((one) => release.state === 'paused' && release.reason === one);
  const isOutside = question !== undefined;
  const isPaused = release.state === 'paused' && release.reason === 'person';
  const step = release.steps.find(({ endedAt }) => endedAt === null)?.step;
  const isInSteps = step !== undefined && !isOutside;
  return (
    <form method="post" class="act">
      <Hidden viewer={viewer} step={step} />
      <Why id="steer-comment" label={STEER_LABELS[question ?? 'none']} />
      <div class="buttons">
        {isOutside && isManager && (
          <Act
            release={release}
            act="take-over"
            text={question === 'changed-outside' ? 'Take over' : 'Try again'}
          />
        )}
        {isOutside && <Act release={release} act="yield" text="Leave it so, and end" />}
        {isPaused && <Act release={release} act="resume" text="Resume" />}
        {!isPaused && !isOutside && release.state !== 'queued' && (
          <Act release={release} act="pause" text="Pause" />
        )}
        {isInSteps && isManager && !open && (
          <Act release={release} act="skip" text="Skip the rest of this hold" />
        )}
        {isInSteps && isManager && <Act release={release} act="promote" text="Promote now" />}
        <Act release={release} act="abort" text="Abort" isBad />
      </div>
    </form>
  );
};

const Act: FC<{ release: ReleaseView; act: string; text: string; isBad?: boolean }> = ({
  release,
  act,
  text,
  isBad = false,
}) => (
  <button class={isBad ? 'bad' : undefined} type="submit" formaction={`/releases/${release.id}/${act}`}>
    {text}
  </button>
);

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
      <Why id="rollback-comment" label="Why (kept in the audit)" />
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

const Why: FC<{ id: string; label: string; isRequired?: boolean }> = ({ id, label, isRequired = false }) => (
  <>
    <label for={id}>{label}</label>
    <input id={id} name="comment" type="text" maxlength={1000} required={isRequired} autocomplete="off" />
  </>
);

/** `look` says which evidence was on the screen when the person decided. */
const Hidden: FC<{ viewer: Viewer; step?: number | undefined; look?: number | undefined }> = ({
  viewer,
  step,
  look,
}) => (
  <>
    <input type="hidden" name="csrf" value={viewer.csrf} />
    {step !== undefined && <input type="hidden" name="step" value={String(step)} />}
    {look !== undefined && <input type="hidden" name="look" value={String(look)} />}
  </>
);
