/** A release in words: one line for lists, a page for `show`, a line an event for `watch`. Times are of this machine. */
import type { EventView, ReleaseSummary, ReleaseView } from '../../api/views.ts';
import { factsText, tableText } from './table.ts';

const LIST_HEADINGS = ['RELEASE', 'PROJECT', 'ENVIRONMENT', 'STATE', 'COMMIT', 'AUTHOR', 'SINCE', 'MESSAGE'];

export function releaseListText(releases: readonly ReleaseSummary[]): string {
  const rows = releases.map((r) => [
    r.id,
    `${r.project} #${r.number}`,
    r.environment,
    r.state,
    r.commit.slice(0, 8),
    r.author,
    timeText(r.since),
    firstLine(r.message),
  ]);
  return tableText(LIST_HEADINGS, rows, 'no releases');
}

export function releaseText(release: ReleaseView): string {
  const facts = factsText([
    ['release', `${release.id} (${release.project} #${release.number}, ${release.environment})`],
    ['state', release.reason ? `${release.state} (${release.reason})` : release.state],
    ['why', release.sentence],
    ['commit', `${release.commit.slice(0, 12)} ${firstLine(release.message)}`],
    ['ref', release.ref],
    ['author', release.author],
    ['cause', release.startedBy ? `${release.cause}, by ${release.startedBy}` : release.cause],
    ['created', timeText(release.createdAt)],
    ['ended', release.endedAt && timeText(release.endedAt)],
    ['behind', release.behind],
    ['waits until', release.waitsUntil && timeText(release.waitsUntil)],
    ['superseded by', release.supersededBy],
    ['supersedes', release.supersedes.join(', ')],
    ['traffic', release.traffic.map(trafficText).join('\n               ')],
    ['verdict', release.verdict && `${release.verdict.verdict}: ${release.verdict.sentence}`],
    ['page', release.url],
  ]);
  const stages = release.stages.map((s) => [
    s.stage,
    s.state,
    durationText(s.startedAt, s.endedAt),
    s.summary ?? '',
  ]);
  const steps = release.steps.map((s) => [
    String(s.step + 1),
    percentText(s.weight),
    durationText(s.startedAt, s.endedAt ?? release.endedAt),
    s.summary ?? (s.endedAt || release.endedAt ? 'not finished' : 'now'),
  ]);
  const hooks = release.hooks.map((h) => [
    h.name,
    h.step === null ? h.when : `${h.when} step ${h.step + 1}`,
    h.state,
    durationText(h.startedAt, h.endedAt),
    h.summary ?? '',
  ]);
  return [
    facts,
    ...(stages.length > 0 ? [tableText(['STAGE', 'STATE', 'TIME', 'SUMMARY'], stages, '')] : []),
    ...(steps.length > 0 ? [tableText(['STEP', 'WEIGHT', 'TIME', 'SUMMARY'], steps, '')] : []),
    ...(hooks.length > 0 ? [tableText(['HOOK', 'WHEN', 'STATE', 'TIME', 'SUMMARY'], hooks, '')] : []),
    ...openApprovals(release).map(
      (approval) =>
        `step ${approval.step + 1} waits for ${approval.count} approval(s) of a ${approval.role}: sluice approve ${release.id}`,
    ),
  ].join('\n\n');
}

/** Approvals that nobody has closed yet. */
export function openApprovals(release: ReleaseView): ReleaseView['approvals'] {
  return release.approvals.filter((approval) => approval.outcome === null);
}

export function eventLine(view: EventView): string {
  return `${clockText(view.at)}  ${view.text}`;
}

export function percentText(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

export function timeText(iso: string): string {
  const at = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockText(iso)}`;
}

export function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function clockText(iso: string): string {
  const at = new Date(iso);
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((value) => String(value).padStart(2, '0'))
    .join(':');
}

function durationText(from: string, to: string | null): string {
  if (to === null) return 'running';
  const ms = Date.parse(to) - Date.parse(from);
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

function trafficText(traffic: ReleaseView['traffic'][number]): string {
  const { service, alias, stable, canary, weight, region, wave } = traffic;
  const rest = stable === null || weight >= 1 ? '' : `, version ${stable} ${percentText(1 - weight)}`;
  const where = region === undefined ? '' : ` in ${region}${wave === undefined ? '' : ` (wave ${wave + 1})`}`;
  // The place of another region begins with its name, which `where` says.
  const name = service.slice(service.indexOf('/') + 1);
  return `${name}.${alias}${where}: version ${canary} ${percentText(weight)}${rest}`;
}
