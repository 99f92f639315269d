/** One round: a release at each moment, one fault, and how each of them went on. */
import { join } from 'node:path';
import type { EventView, ReleaseView } from '../../src/api/views.ts';
import { startCustomers, type Customers } from '../support/customers.ts';
import { createGitProject, type GitProject } from '../support/git-project.ts';
import { watchAliases, type AliasWatch } from '../support/alias-watch.ts';
import { startDeliveries, type Answered } from './deliveries.ts';
import { calm, type Fault } from './faults.ts';
import {
  bringToMoments,
  checkMoments,
  decide,
  MOMENTS,
  prepareSubject,
  type MomentKey,
  type Subject,
} from './moments.ts';
import type { World } from './world.ts';

export interface Outcome {
  readonly subject: Subject;
  readonly release: ReleaseView;
  readonly events: readonly EventView[];
  readonly customers: Customers;
  /** When the fault struck, Unix milliseconds. */
  readonly struckAt: number;
  /** How long the release stood because of the fault, milliseconds; what the plan or the build itself takes is not in it. */
  readonly stoodMs: number;
}

export interface Round {
  readonly outcomes: ReadonlyMap<MomentKey, Outcome>;
  /** Why a moment has no outcome. */
  readonly failures: ReadonlyMap<MomentKey, Error>;
  /** Webhooks while the fault lasted, and their project. */
  readonly deliveries: { readonly project: GitProject; readonly answered: readonly Answered[] };
  readonly aliases: AliasWatch;
  /** From the strike until the fault was over and every part ready, milliseconds. */
  readonly faultMs: number;
}

/** A slow network makes each of some twenty calls take 3 s. */
const END_MS = 150_000;
const CUSTOMERS_PER_SECOND = 4;

export async function runRound(world: World, fault: Fault, attempt: number): Promise<Round> {
  const folder = join(world.stack.home, 'demo');
  const subjects = new Map<MomentKey, Subject>();
  await Promise.all(
    MOMENTS.map(async (moment) => {
      const name = `${fault.key}${attempt > 1 ? attempt : ''}`;
      subjects.set(moment.key, await prepareSubject(world, folder, name, moment));
    }),
  );
  const project = await createGitProject(
    world.api,
    folder,
    `${fault.key}${attempt > 1 ? attempt : ''}-webhooks`,
  );
  const aliases = watchAliases(
    world.fc,
    [...subjects.values()].map(({ service }) => service),
  );
  let isHarmful = false;
  const customers = new Map(
    [...subjects.values()].map(({ service }) => [
      service,
      startCustomers({
        client: world.fc,
        service,
        alias: 'PROD',
        function: 'greet',
        perSecond: CUSTOMERS_PER_SECOND,
        most: 2_000,
        more: () => (isHarmful ? { harm: true } : {}),
      }),
    ]),
  );
  try {
    const moments = await bringToMoments(world, subjects);
    await checkMoments(world, subjects, moments);
    const struckAt = Date.now();
    isHarmful = true;
    const end = await fault.strike(world);
    for (const gate of moments.gates) gate.open(fault.heldAnswers);
    // A person does not wait for the all-clear, and decides while the fault stands.
    const approval = subjects.get('approval')?.releaseId ?? '';
    const deliveries = startDeliveries(project, fault);
    const deciding = decide(world, approval, 'approve', END_MS);
    deciding.catch(() => undefined);
    await end();
    const faultMs = Date.now() - struckAt;
    const answered = await deliveries.stop();
    const decidedAt = await deciding;
    const outcomes = new Map<MomentKey, Outcome>();
    const failures = new Map<MomentKey, Error>();
    for (const subject of subjects.values()) {
      const { key, end: state } = subject.moment;
      try {
        const release = await world.api.until(subject.releaseId, [state], END_MS);
        const events = await world.api.events(subject.releaseId);
        const counts = customers.get(subject.service);
        if (!counts) throw new Error(`${subject.service} has no customers`);
        const stoodMs = key === 'approval' ? decidedAt - struckAt : stoodFor(subject, events, struckAt);
        outcomes.set(key, { subject, release, events, customers: counts, struckAt, stoodMs });
      } catch (error) {
        failures.set(key, error instanceof Error ? error : new Error(String(error)));
      }
    }
    return { outcomes, failures, deliveries: { project, answered }, aliases, faultMs };
  } finally {
    await Promise.all([...customers.values()].map((one) => one.stop()));
    await aliases.stop();
    await calm(world);
  }
}

/** What only says that the release waits is not going on. */
const WAITING = new Set<EventView['event']['type']>(['blocked', 'cleared', 'verdict', 'hold-extended']);

function stoodFor({ moment }: Subject, events: readonly EventView[], struckAt: number): number {
  const isNext = ({ event }: EventView): boolean =>
    moment.turnsHarmful ? event.type === 'traffic' && event.weight === 0 : !WAITING.has(event.type);
  const next = events.find((event) => Date.parse(event.at) > struckAt && isNext(event));
  if (!next) throw new Error('nothing happened after the fault');
  const at = Date.parse(next.at);
  const step = events.find(({ event }) => event.type === 'step-started');
  const moved = events.find(({ event }) => event.type === 'traffic' && event.step === 0);
  // The end of a hold was due at its own time, however long the fault lasted.
  if (next.event.type === 'step-finished' && step?.event.type === 'step-started' && moved)
    return Math.max(0, at - Date.parse(moved.at) - step.event.holdMs);
  return at - struckAt;
}
