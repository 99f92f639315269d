/**
 * Webhook deliveries. A delivery, the releases it starts and their hand-over (outbox) are stored in one transaction;
 * whoever sends the same delivery again gets the answer that was stored with it.
 */
import { sql } from 'kysely';
import { tellDispatcher } from './outbox.ts';
import { findQuarantined, newestQuarantineId, sayQuarantined, type Quarantined } from './quarantine.ts';
import { storedForm, type NewRelease } from './releases.ts';
import type { Db } from './store.ts';

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
  | { readonly kind: 'stored' | 'repeated'; readonly outcome: DeliveryOutcome }
  /** The delivery's id was used before with another body. */
  | { readonly kind: 'id-reused' };

/** Equal deliveries at once, or a quarantine that changes meanwhile, make it read again; more often than that it cannot be. */
const MOST_READINGS = 10;

/**
 * Stores a delivery and what follows from it, or finds what followed from it before. Everything is read first and stored in
 * one step, which refuses when something has changed meanwhile.
 */
export async function acceptDelivery(
  db: Db,
  delivery: Delivery,
  effect: DeliveryEffect,
): Promise<DeliveryResult> {
  for (let readings = 0; readings < MOST_READINGS; readings += 1) {
    const before = await findDelivery(db, delivery);
    if (before) return before;
    const decided = await decide(db, effect);
    const outcome =
      'reason' in decided
        ? await storeIgnored(db, delivery, decided)
        : await storePush(db, delivery, decided);
    if (outcome) return { kind: 'stored', outcome };
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
): Promise<DeliveryOutcome | undefined> {
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
  return row && outcome;
}

async function storePush(
  db: Db,
  delivery: Delivery,
  passed: readonly Passed[],
): Promise<DeliveryOutcome | undefined> {
  const releases = passed.map((release) => ({
    ...storedForm(release),
    newestQuarantine: release.newestQuarantine,
  }));
  const { rows } = await sql<{ ids: string[] | null }>`
    select store_push(${JSON.stringify(delivery)}::jsonb, ${JSON.stringify(releases)}::jsonb) as ids`.execute(
    db,
  );
  const ids = rows[0]?.ids;
  if (!ids) return undefined;
  // Stored is stored: an answer does not wait for the dispatcher, which looks by itself within a second.
  for (const id of ids) void tellDispatcher(db, id).catch(() => undefined);
  return { ignored: false, releases: ids };
}

/** The same push means a new release once the quarantine that its commit was in (row `lifted`, 0: none) is lifted. */
function afterLift(release: NewRelease, lifted: number): NewRelease {
  return lifted === 0 ? release : { ...release, dedupeKey: `${release.dedupeKey} after ${lifted}` };
}
