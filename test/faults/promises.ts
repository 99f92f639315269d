/** What must hold for every release, whatever struck it and when. Each check fails with what it found. */
import type FC from '@alicloud/fc2';
import { expect } from 'vitest';
import type { EventView } from '../../src/api/views.ts';
import type { AliasState, AliasWatch } from '../support/alias-watch.ts';
import type { MomentSpec } from './moments.ts';
import type { Outcome } from './round.ts';

const STABLE = '1';
const CANARY = '2';

export async function checkPromises(fc: FC, outcome: Outcome, aliases: AliasWatch): Promise<void> {
  const { subject, release, events, customers } = outcome;
  const { moment, service } = subject;
  expect(release.state).toBe(moment.end);

  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const steps = moment.steps.map((_, index) => index);
  const begun = ofType(events, 'step-started').map(({ step }) => step);
  const finished = ofType(events, 'step-finished').map(({ step }) => step);
  expect(begun).toEqual(steps);
  expect(finished).toEqual(moment.end === 'promoted' ? steps : []);
  expect(ofType(events, 'traffic').map(({ weight }) => weight)).toEqual(moment.weights);
  const stages = ofType(events, 'stage-started').map(({ stage }) => stage);
  expect(stages).toEqual([...new Set(stages)]);

  const { data } = await fc.listVersions(service, { limit: 100 });
  expect((data as { versions: { versionId: string }[] }).versions.map((v) => v.versionId)).toEqual([
    CANARY,
    STABLE,
  ]);

  const allowed = allowedStates(moment);
  const seen = aliases.seen(service);
  expect(allowed).toEqual(expect.arrayContaining([...seen]));
  expect(aliases.missing).not.toContain(service);
  const last = moment.end === 'promoted' ? CANARY : STABLE;
  expect(seen.at(-1)).toEqual({ main: last, canary: null });
  // Rejected code must not ride along with the next publish.
  const checksum = async (qualifier?: string): Promise<unknown> =>
    ((await fc.getFunction(service, 'greet', {}, qualifier)).data as { codeChecksum: string }).codeChecksum;
  expect(await checksum()).toBe(await checksum(last));

  const failed = [...customers.byVersion].filter(([, { failures }]) => failures > 0);
  expect(failed.map(([version]) => version)).toEqual(moment.turnsHarmful ? [CANARY] : []);
  expect([...customers.byVersion.keys()].toSorted().at(0)).toBe(STABLE);
}

function allowedStates({ weights }: MomentSpec): AliasState[] {
  return [
    { main: STABLE, canary: null },
    ...weights
      .filter((weight) => weight > 0 && weight < 1)
      .map((weight) => ({ main: STABLE, canary: { version: CANARY, weight } })),
    ...(weights.includes(1) ? [{ main: CANARY, canary: null }] : []),
  ];
}

function ofType<Type extends EventView['event']['type']>(
  events: readonly EventView[],
  type: Type,
): Extract<EventView['event'], { type: Type }>[] {
  return events.flatMap(({ event }) =>
    event.type === type ? [event as Extract<EventView['event'], { type: Type }>] : [],
  );
}
