/** Whether this process lives (`/healthz`), and whether all that releases need answers (`/readyz`). */
import { sql, type Kysely } from 'kysely';
import { ensureError } from '../platform/errors.ts';
import type { RegionEndpoint } from '../platform/regions.ts';
import { within } from '../platform/within.ts';
import { listParts, PART_SILENCE_MS } from '../store/parts.ts';
import type { Tables } from '../store/tables.ts';
import type { Workflows } from './workflows.ts';

export const PARTS = ['postgres', 'temporal', 'engine', 'worker'] as const;

export interface PartState {
  readonly part: (typeof PARTS)[number];
  readonly state: 'up' | 'down';
  /** One line for people. */
  readonly detail: string;
}

export interface RegionState {
  readonly region: string;
  readonly state: PartState['state'];
  readonly detail: string;
}

export interface Readiness {
  /** Whether all parts are up. A further region that is away holds up only what is released there. */
  readonly ready: boolean;
  readonly parts: readonly PartState[];
  /** The home region, whose Function Compute is the part `engine`, then the further ones in the order of the setting. */
  readonly regions: readonly RegionState[];
}

export interface HealthParts {
  readonly db: Kysely<Tables>;
  readonly workflows: Pick<Workflows, 'check'>;
  readonly home: RegionEndpoint;
  readonly regions: readonly RegionEndpoint[];
}

/** Longest wait for one part, milliseconds. */
const WAIT_MS = 2_000;
/** How old an answer may be: whoever asks in a tight loop costs the parts nothing. Milliseconds. */
const KEEP_MS = 300;

/** A check of all parts side by side; those who ask at the same time share one. */
export function createReadiness(parts: HealthParts): () => Promise<Readiness> {
  let kept: { readonly at: number; readonly answer: Promise<Readiness> } | undefined;
  return () => {
    if (!kept || performance.now() - kept.at > KEEP_MS) kept = { at: performance.now(), answer: look(parts) };
    return kept.answer;
  };
}

async function look({ db, workflows, home, regions }: HealthParts): Promise<Readiness> {
  const regionOf = async (one: RegionEndpoint): Promise<RegionState> => ({
    region: one.name,
    ...(await tried(() => askFc(one))),
  });
  const own = regionOf(home);
  const others = Promise.all(regions.map(regionOf));
  const checks: Readonly<Record<PartState['part'], Promise<State>>> = {
    postgres: tried(async () => {
      await sql`select 1`.execute(db);
      return 'answers';
    }),
    temporal: tried(async () => {
      await workflows.check(WAIT_MS);
      return 'answers';
    }),
    engine: own,
    worker: tried(() => hearWorkers(db)),
  };
  const parts = await Promise.all(
    PARTS.map(async (part) => {
      const { state, detail } = await checks[part];
      return { part, state, detail };
    }),
  );
  return {
    ready: parts.every(({ state }) => state === 'up'),
    parts,
    regions: [await own, ...(await others)],
  };
}

async function askFc({ endpoint }: RegionEndpoint): Promise<string> {
  const answer = await fetch(new URL('/healthz', endpoint), { signal: AbortSignal.timeout(WAIT_MS) });
  await answer.body?.cancel();
  // The cloud has no such path and says 403 or 404: it is there.
  if (answer.status >= 500) throw new Error(`answers ${answer.status}`);
  return 'answers';
}

async function hearWorkers(db: HealthParts['db']): Promise<string> {
  const beats = (await listParts(db)).filter((p) => p.part === 'worker');
  const alive = beats.filter((p) => p.silentMs <= PART_SILENCE_MS);
  if (alive.length > 0) return `${alive.length} at work`;
  const last = Math.min(...beats.map((p) => p.silentMs));
  throw new Error(beats.length > 0 ? `silent for ${Math.round(last / 1_000)} s` : 'none has come up yet');
}

type State = Pick<PartState, 'state' | 'detail'>;

async function tried(check: () => Promise<string>): Promise<State> {
  const late = (): never => {
    throw new Error(`no answer within ${WAIT_MS / 1_000} s`);
  };
  try {
    return { state: 'up', detail: await within(check(), WAIT_MS + 100, late) };
  } catch (error) {
    return { state: 'down', detail: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  const fault = ensureError(error);
  const cause = fault.cause instanceof Error ? fault.cause : fault;
  return cause.message.split('\n')[0] || cause.name;
}
