/**
 * Webhook deliveries. A delivery, the releases it starts and their hand-over (outbox) are stored in one transaction;
 * whoever sends the same delivery again gets the answer that was stored with it.
 */
import { sql, type Kysely } from 'kysely';
import { isProjectVersion } from './projects.ts';
import { findQuarantined, newestQuarantineId, sayQuarantined, type Quarantined } from './quarantine.ts';
import { storedForm, type NewRelease } from './releases.ts';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export interface Delivery {
  readonly project: string;
  readonly provider: string;
  /** The provider's id of the delivery. */
  readonly delivery: string;
  /** What it tells, e.g. `push`. */
  readonly event: string;
  readonly bodySha256: string;
}

/** What came of a delivery: a reason why nothing did, or the releases, first the one that was asked for first. */
export type DeliveryOutcome =
  | {
      readonly ignored: true;
      readonly code: string;
      readonly reason: string;
      /** Release that the reason is about. */
      readonly release?: string;
    }
  | { readonly ignored: false; readonly releases: readonly string[] };

/** Why nothing follows (`code` is stable, `reason` a sentence), or the releases to start, at least one. */
export type DeliveryEffect =
  | { readonly code: string; readonly reason: string }
  | { readonly releases: readonly NewRelease[] };

export type DeliveryResult =
  | {
      readonly kind: 'stored';
      readonly outcome: DeliveryOutcome;
      /** Releases that this delivery made; the others of the outcome were there before. */
      readonly made: readonly string[];
    }
  | { readonly kind: 'repeated'; readonly outcome: DeliveryOutcome }
  /** The delivery's id was used before with another body. */
  | { readonly kind: 'id-reused' }
  /** The project is not any more what the delivery was read by: nothing was stored. */
  | { readonly kind: 'project-changed' };

/** A delivery and what it means. */
export interface Told {
  readonly delivery: Delivery;
  readonly effect: DeliveryEffect;
  /** Of the project that the signature was checked by and the effect was made from; left out: any. */
  readonly version?: string;
}

/** Equal deliveries at once, or a quarantine that changes meanwhile, make it read again; more often than that it cannot be. */
const MOST_READINGS = 10;

/**
 * Stores deliveries and what follows from them, or finds what followed from them before; the answers are in the order of the
 * deliveries, and so are the numbers of a project's releases. Those of pushes are stored together: a commit waits for the
 * disk, under the locks that number the projects' releases, and one wait for many pushes costs as much as one for each.
 * The dispatcher is told by the caller.
 */
export async function acceptDeliveries(db: Db, told: readonly Told[]): Promise<DeliveryResult[]> {
  // Hardly any delivery was sent before, and hardly any commit ever quarantined: what is stored says so by itself.
  const pushes = told.flatMap((one, index) => {
    const releases = unquarantined(one.effect);
    const { delivery, version } = one;
    return releases ? [{ index, push: { delivery, releases, version } }] : [];
  });
  const stored = await storePushes(
    db,
    pushes.map(({ push }) => push),
  );
  const results = new Map(pushes.map(({ index }, place) => [index, stored[place]]));
  return Promise.all(told.map(async (one, index) => results.get(index) ?? acceptAlone(db, one)));
}

/**
 * Has each connection store a push that is taken back, so that the first true one does not wait for what PostgreSQL works out
 * at the first use of each table: some 15 ms of processor time.
 */
export async function prepareDeliveries(db: Kysely<Tables>, connections: number): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const tx = await db.startTransaction().execute();
      try {
        await storePushes(tx, [rehearsed(index)]);
      } finally {
        await tx.rollback().execute();
      }
    }),
  );
}

/** No project is called so: names begin with a letter. */
function rehearsed(index: number): Push {
  const project = `:${index}`;
  const release: Passed = {
    id: project,
    project,
    environment: 'none',
    ref: 'none',
    commit: 'none',
    before: '',
    author: '',
    message: '',
    cause: 'push',
    startedBy: '',
    dryRun: false,
    dedupeKey: '',
    at: 0,
    newestQuarantine: 0,
  };
  const delivery = { project, provider: 'none', delivery: 'none', event: 'push', bodySha256: '' };
  return { delivery, releases: [release], version: undefined };
}

/** Everything is read first and stored in one step, which refuses when something has changed meanwhile. */
async function acceptAlone(db: Db, { delivery, effect, version }: Told): Promise<DeliveryResult> {
  if (version !== undefined && !(await isProjectVersion(db, delivery.project, version)))
    return { kind: 'project-changed' };
  for (let readings = 0; readings < MOST_READINGS; readings += 1) {
    const before = await findDelivery(db, delivery);
    if (before) return before;
    const decided = await decide(db, effect);
    const result =
      'reason' in decided
        ? await storeIgnored(db, delivery, decided)
        : (await storePushes(db, [{ delivery, releases: decided, version }]))[0];
    if (result) return result;
  }
  throw new Error(
    `delivery ${delivery.delivery} of ${delivery.project} was changed while it was read, ${MOST_READINGS} times`,
  );
}

async function findDelivery(db: Db, delivery: Delivery): Promise<DeliveryResult | undefined> {
  const row = await db
    .selectFrom('deliveries')
    .select(['body_sha256', 'outcome'])
    .where('project', '=', delivery.project)
    .where('provider', '=', delivery.provider)
    .where('delivery', '=', delivery.delivery)
    .executeTakeFirst();
  if (!row) return undefined;
  return row.body_sha256 === delivery.bodySha256
    ? { kind: 'repeated', outcome: row.outcome as DeliveryOutcome }
    : { kind: 'id-reused' };
}

/** A release to store, and the newest row of its commit in the quarantine that was seen (0: none). */
type Passed = NewRelease & { readonly newestQuarantine: number };
type Ignored = Omit<Extract<DeliveryOutcome, { ignored: true }>, 'ignored'>;

/** A push whose commits nobody ever took back; `undefined` where nothing is to be released. */
function unquarantined(effect: DeliveryEffect): readonly Passed[] | undefined {
  if ('reason' in effect) return undefined;
  return effect.releases.map((release) => ({ ...release, newestQuarantine: 0 }));
}

async function decide(db: Db, effect: DeliveryEffect): Promise<Ignored | readonly Passed[]> {
  if ('reason' in effect) return effect;
  const passed: Passed[] = [];
  const refused: Quarantined[] = [];
  for (const release of effect.releases) {
    // Hardly any commit was ever quarantined: most pushes end here with one question.
    const newest = await newestQuarantineId(db, release);
    const quarantined = newest === 0 ? undefined : await findQuarantined(db, release);
    if (quarantined) refused.push(quarantined);
    else passed.push({ ...afterLift(release, newest), newestQuarantine: newest });
  }
  const [first] = refused;
  if (passed.length > 0 || first === undefined) return passed;
  return {
    code: 'quarantined',
    reason: `${refused.map(sayQuarantined).join('; ')}; lift the quarantine to release it again`,
    release: first.releaseId,
  };
}

async function storeIgnored(
  db: Db,
  delivery: Delivery,
  ignored: Ignored,
): Promise<DeliveryResult | undefined> {
  const outcome: DeliveryOutcome = { ignored: true, ...ignored };
  const { project, provider, event, bodySha256 } = delivery;
  const row = await db
    .insertInto('deliveries')
    .values({
      project,
      provider,
      delivery: delivery.delivery,
      event,
      body_sha256: bodySha256,
      outcome: JSON.stringify(outcome),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('delivery')
    .executeTakeFirst();
  return row && { kind: 'stored', outcome, made: [] };
}

interface Push {
  readonly delivery: Delivery;
  readonly releases: readonly Passed[];
  readonly version: string | undefined;
}

/** In one transaction. `undefined` for a push that something has changed for since it was read. */
async function storePushes(db: Db, pushes: readonly Push[]): Promise<(DeliveryResult | undefined)[]> {
  if (pushes.length === 0) return [];
  const forms = pushes.map(({ delivery, releases, version }, place) => ({
    ...delivery,
    place,
    version,
    releases: releases.map((one) => ({ ...storedForm(one), newestQuarantine: one.newestQuarantine })),
  }));
  const { rows } = await sql<{ place: number; current: boolean; ids: string[] | null }>`
    select place, current, ids from store_pushes(${JSON.stringify(forms)}::jsonb)`.execute(db);
  const rowOf = new Map(rows.map((row) => [row.place, row]));
  return pushes.map(({ releases }, place): DeliveryResult | undefined => {
    const row = rowOf.get(place);
    if (row && !row.current) return { kind: 'project-changed' };
    const ids = row?.ids;
    if (!ids) return undefined;
    const made = releases.map(({ id }) => id).filter((id) => ids.includes(id));
    return { kind: 'stored', outcome: { ignored: false, releases: ids }, made };
  });
}

/** The same push means a new release once the quarantine that its commit was in (row `lifted`, 0: none) is lifted. */
function afterLift(release: NewRelease, lifted: number): NewRelease {
  return lifted === 0 ? release : { ...release, dedupeKey: `${release.dedupeKey} after ${lifted}` };
}
