/** Small things that every page shows alike: a state, a time, a commit, a traffic split. */
import type { FC } from 'hono/jsx';
import type { EnvironmentView, ReleaseSummary } from '../api/views.ts';

/** Words for a state; its colour class is the state itself. */
export const State: FC<{ state: ReleaseSummary['state'] }> = ({ state }) => (
  <span class={`state state-${state}`}>{state.replaceAll('-', ' ')}</span>
);

/** A time in UTC, to the second; machines read the attribute. */
export const Time: FC<{ at: string }> = ({ at }) => (
  <time datetime={at} title={at}>
    {at.slice(0, 10)} {at.slice(11, 19)}
  </time>
);

export const Commit: FC<{ release: ReleaseSummary }> = ({ release }) => (
  <>
    <code>{release.commit.slice(0, 7)}</code>{' '}
    {firstLine(release.message) || <span class="quiet">no message</span>}
  </>
);

export interface Share {
  readonly version: string;
  /** 0…1 */
  readonly weight: number;
}

/** A service, and its region where it runs in several: the place of another region begins with its name. */
export const PlaceName: FC<{ of: { readonly service: string; readonly region?: string } }> = ({
  of: { service, region },
}) =>
  region === undefined ? (
    <>{service}</>
  ) : (
    <>
      {service.slice(service.indexOf('/') + 1)} <span class="quiet">in {region}</span>
    </>
  );

/** The split of an alias as a bar with its numbers beside it: colour alone says nothing. */
export const Split: FC<{ shares: readonly Share[] }> = ({ shares }) => {
  let left = 0;
  const parts = shares.map((share) => {
    const part = { ...share, x: left };
    left += share.weight * 100;
    return part;
  });
  return (
    <div class="split">
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        {parts.map((part, index) => (
          <rect class={`share share-${index}`} x={part.x} y="0" width={part.weight * 100} height="4" />
        ))}
      </svg>
      <ul>
        {shares.map((share, index) => (
          <li>
            <span class={`dot share-${index}`} aria-hidden="true"></span> version {share.version}{' '}
            <strong>{percent(share.weight)}</strong>
          </li>
        ))}
      </ul>
    </div>
  );
};

/** A freeze that is on, with what it does to releases that run. */
export function freezeText({ text, underWay }: NonNullable<EnvironmentView['freeze']>): string {
  const doing = { finish: 'may finish', hold: 'are held', 'roll-back': 'go back' } as const;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}. New releases wait; those under way ${doing[underWay]}.`;
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

/** Milliseconds as people say them. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  if (ms < 3_600_000) return `${Number((ms / 60_000).toFixed(1))} min`;
  return `${Number((ms / 3_600_000).toFixed(1))} h`;
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
