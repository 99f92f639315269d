/**
 * The moments of a release at which faults strike. Each has a project of its own, which is brought to its moment and
 * kept there: by a long build command, by a person who has not decided yet, or by an answer that the proxy holds.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { EventView } from '../../src/api/views.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject, type GitProject } from '../support/git-project.ts';
import { poll } from '../support/stack.ts';
import type { Gate } from './fc-proxy.ts';
import type { World } from './world.ts';

export interface MomentSpec {
  readonly title: string;
  /** Short name, part of the project's name. */
  readonly key: string;
  readonly steps: readonly string[];
  /** Weights that the plan lets the canary have, in order. */
  readonly weights: readonly number[];
  readonly end: 'promoted' | 'aborted' | 'rolled-back';
  /** A command before the build. */
  readonly buildCommand: string | null;
  /** The new version fails its calls from the fault on. */
  readonly turnsHarmful: boolean;
}

/** A long hold: the fault must come and go within it, also where the machine is slow. */
const HOLD_S = 20;
/** Longer than any fault, and all the time there is to see the harm: a release that missed it is promoted. */
const HARM_HOLD_S = 60;
const ASK = 'approval: {role: release-manager, timeout: 1h}';

export const MOMENTS = [
  {
    title: 'build',
    key: 'build',
    steps: ['{weight: 25%, hold: 1s}'],
    weights: [0.25, 1],
    end: 'promoted',
    buildCommand: 'sleep 10',
    turnsHarmful: false,
  },
  {
    title: 'publish: version made, not yet known',
    key: 'publish',
    steps: ['{weight: 25%, hold: 1s}'],
    weights: [0.25, 1],
    end: 'promoted',
    buildCommand: null,
    turnsHarmful: false,
  },
  {
    title: 'weight set, not yet recorded',
    key: 'weight',
    steps: [`{weight: 25%, hold: 1s, ${ASK}}`, '{weight: 50%, hold: 1s}'],
    weights: [0.25, 0.5, 1],
    end: 'promoted',
    buildCommand: null,
    turnsHarmful: false,
  },
  {
    title: 'hold',
    key: 'hold',
    steps: [`{weight: 25%, hold: ${HOLD_S}s}`],
    weights: [0.25, 1],
    end: 'promoted',
    buildCommand: null,
    turnsHarmful: false,
  },
  {
    title: 'approval wait',
    key: 'approval',
    steps: [`{weight: 25%, hold: 1s, ${ASK}}`, '{weight: 50%, hold: 1s}'],
    weights: [0.25, 0.5, 1],
    end: 'promoted',
    buildCommand: null,
    turnsHarmful: false,
  },
  {
    title: 'rollback: alias back, not yet recorded',
    key: 'rollback',
    steps: [`{weight: 25%, hold: 1s, ${ASK}}`],
    weights: [0.25, 0],
    end: 'aborted',
    buildCommand: null,
    turnsHarmful: false,
  },
  {
    title: 'hold, harm begins with the fault',
    key: 'harm',
    steps: [`{weight: 50%, hold: ${HARM_HOLD_S}s}`],
    weights: [0.5, 0],
    end: 'rolled-back',
    buildCommand: null,
    turnsHarmful: true,
  },
] as const satisfies readonly MomentSpec[];

export type MomentKey = (typeof MOMENTS)[number]['key'];

/** One release, brought to its moment. */
export interface Subject {
  readonly moment: MomentSpec & { readonly key: MomentKey };
  readonly service: string;
  readonly project: GitProject;
  /** Id of the release that the fault meets. */
  releaseId: string;
}

export const REACH_MS = 60_000;

/** A project whose first version is live on PROD. */
export async function prepareSubject(
  world: World,
  folder: string,
  round: string,
  moment: Subject['moment'],
): Promise<Subject> {
  const service = `${round}-${moment.key}`;
  const project = await createGitProject(world.api, folder, service);
  const first = await project.push(files(service, { ...moment, buildCommand: null }, 'v1'), 'First');
  await world.api.until(first.id, ['promoted'], REACH_MS);
  return { moment, service, project, releaseId: '' };
}

/** Pushes the version that the fault meets. */
export async function pushSecond(subject: Subject): Promise<void> {
  const { service, project, moment } = subject;
  subject.releaseId = (await project.push(files(service, moment, 'v2'), 'Second')).id;
}

/** Approves or aborts, and goes on trying while parts are away. @returns when it was taken, Unix milliseconds */
export async function decide(
  { api }: World,
  releaseId: string,
  act: 'approve' | 'abort',
  withinMs: number,
): Promise<number> {
  const deadline = Date.now() + withinMs;
  let last = 'not asked';
  while (Date.now() < deadline) {
    try {
      const body = act === 'approve' ? { step: 0, comment: 'fault suite' } : { comment: 'fault suite' };
      const answer = await api.request('POST', `/api/v1/releases/${releaseId}/${act}`, body);
      const text = await answer.text();
      // A decision whose answer was lost is found as taken when it is tried again.
      if (answer.ok || answer.status === 409) return Date.now();
      last = `${answer.status} ${text}`;
    } catch (error) {
      last = String(error);
    }
    await pause(200);
  }
  throw new Error(`${act} of ${releaseId} was not taken within ${withinMs} ms; last: ${last}`);
}

export async function untilEvent(
  { api }: World,
  releaseId: string,
  what: string,
  matches: (event: EventView['event']) => boolean,
): Promise<void> {
  await poll(
    `${what} of ${releaseId}`,
    async () => (await api.events(releaseId)).some(({ event }) => matches(event)),
    REACH_MS,
  );
}

export interface Moments {
  readonly gates: readonly Gate[];
}

/** Brings all of them to their moments. The order is that of how long each can be kept there. */
export async function bringToMoments(
  world: World,
  subjects: ReadonlyMap<MomentKey, Subject>,
): Promise<Moments> {
  const of = (key: MomentKey): Subject => {
    const subject = subjects.get(key);
    if (!subject) throw new Error(`there is no project for ${key}`);
    return subject;
  };
  const waits = ['approval', 'weight', 'rollback'] as const;
  await Promise.all(waits.map((key) => pushSecond(of(key))));
  await Promise.all(
    waits.map((key) =>
      untilEvent(world, of(key).releaseId, 'the wait', ({ type }) => type === 'approval-requested'),
    ),
  );

  await pushSecond(of('harm'));

  const isAliasWrite = (key: MomentKey) => (method: string, path: string) =>
    method === 'PUT' && path.includes(`/services/${of(key).service}/aliases/`);
  const publishing = world.proxy.holdNext(
    (method, path) => method === 'POST' && path.includes(`/services/${of('publish').service}/versions`),
  );
  const weighing = world.proxy.holdNext(isAliasWrite('weight'));
  const rollingBack = world.proxy.holdNext(isAliasWrite('rollback'));
  // The hold runs by the clock: it begins last, side by side with what the proxy can keep.
  await Promise.all([pushSecond(of('publish')), pushSecond(of('build')), pushSecond(of('hold'))]);
  await Promise.all([
    publishing.reached,
    ...(['harm', 'hold'] as const).map((key) =>
      untilEvent(world, of(key).releaseId, 'the hold', ({ type }) => type === 'traffic'),
    ),
    untilEvent(
      world,
      of('build').releaseId,
      'the build',
      (event) => event.type === 'stage-started' && event.stage === 'build',
    ),
  ]);
  // Nobody waits for the answers: an abort is answered when the alias is back, which is what is being held.
  void decide(world, of('weight').releaseId, 'approve', REACH_MS).catch(() => undefined);
  void decide(world, of('rollback').releaseId, 'abort', REACH_MS).catch(() => undefined);
  await Promise.all([weighing.reached, rollingBack.reached]);
  return { gates: [publishing, weighing, rollingBack] };
}

/** The machine was too slow to have all releases at their moments at once: nothing was tried yet. */
export class MomentMissed extends Error {}

/** Fails where a release has left its moment before the fault came: what follows would prove something else. @throws MomentMissed */
export async function checkMoments(
  { api }: World,
  subjects: ReadonlyMap<MomentKey, Subject>,
  { gates }: Moments,
): Promise<void> {
  if (!gates.every((gate) => gate.isHeld()))
    throw new MomentMissed('a held answer was given up before the fault');
  const left: Readonly<Record<MomentKey, (event: EventView['event']) => boolean>> = {
    build: (event) => event.type === 'stage-finished' && event.stage === 'build',
    publish: (event) => event.type === 'stage-finished' && event.stage === 'publish',
    weight: (event) => event.type === 'traffic' && event.step === 1,
    hold: (event) => event.type === 'step-finished',
    approval: (event) => event.type === 'approval-decided',
    rollback: (event) => event.type === 'traffic' && event.weight === 0,
    harm: (event) => event.type === 'step-finished',
  };
  for (const { moment, releaseId } of subjects.values())
    if ((await api.events(releaseId)).some(({ event }) => left[moment.key](event)))
      throw new MomentMissed(`the release had left "${moment.title}" before the fault`);
}

function files(
  service: string,
  { steps, buildCommand, turnsHarmful }: MomentSpec,
  tag: 'v1' | 'v2',
): Record<string, string> {
  const handler = turnsHarmful && tag === 'v2' ? 'failsWhenAsked' : 'good';
  const made = functionFiles({ service, handler, tag, steps });
  const plan = made['sluice.yml'] ?? '';
  const stages = buildCommand === null ? '' : `stages:\n  - {name: wait, run: ${buildCommand}}\n`;
  return {
    ...made,
    'sluice.yml': `${plan.replace('version: 1\n', `version: 1\n${stages}`)}    bake: 0s\n`,
  };
}
