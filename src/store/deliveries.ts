/**
 * Webhook deliveries. A delivery, the releases it starts and their hand-over (outbox) are stored in one transaction;
 * whoever sends the same delivery again gets the answer that was stored with it.
 */
import { findQuarantined, newestQuarantineId, sayQuarantined, type Quarantined } from './quarantine.ts';
import { insertRelease, lockReleaseNumbers, type NewRelease } from './releases.ts';
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

/**
 * Stores a delivery and what follows from it.
 */
export async function acceptDelivery(
  db: Db,
  delivery: Delivery,
  effect: DeliveryEffect,
): Promise<DeliveryResult> {
  return db.transaction().execute(async (tx) => {
    // The lock that numbers the project's releases; taken first, so that of five equal deliveries at once four
    // find what the first one stored.
    await lockReleaseNumbers(tx, delivery.project);
    const before = await tx
      .selectFrom('deliveries')
      .select(['body_sha256', 'outcome'])
      .where('project', '=', delivery.project)
      .where('provider', '=', delivery.provider)
      .where('delivery', '=', delivery.delivery)
      .executeTakeFirst();
    if (before)
      return before.body_sha256 === delivery.bodySha256
        ? { kind: 'repeated', outcome: before.outcome as DeliveryOutcome }
        : { kind: 'id-reused' };

    const outcome = await carryOut(tx, effect);
    await tx
      .insertInto('deliveries')
      .values({
        project: delivery.project,
        provider: delivery.provider,
        delivery: delivery.delivery,
        event: delivery.event,
        body_sha256: delivery.bodySha256,
        outcome: JSON.stringify(outcome),
      })
      .execute();
    return { kind: 'stored', outcome };
  });
}

async function carryOut(tx: Db, effect: DeliveryEffect): Promise<DeliveryOutcome> {
  if ('reason' in effect) return { ignored: true, code: effect.code, reason: effect.reason };
  const releases: string[] = [];
  const refused: Quarantined[] = [];
  for (const release of effect.releases) {
    // Hardly any commit was ever quarantined: most pushes end here with one question.
    const newest = await newestQuarantineId(tx, release);
    const quarantined = newest === 0 ? undefined : await findQuarantined(tx, release);
    if (quarantined) refused.push(quarantined);
    else releases.push((await insertRelease(tx, afterLift(release, newest))).id);
  }
  const [first] = refused;
  if (releases.length > 0 || first === undefined) return { ignored: false, releases };
  return {
    ignored: true,
    code: 'quarantined',
    reason: `${refused.map(sayQuarantined).join('; ')}; lift the quarantine to release it again`,
    release: first.releaseId,
  };
}

/** The same push means a new release once the quarantine that its commit was in (row `lifted`, 0: none) is lifted. */
function afterLift(release: NewRelease, lifted: number): NewRelease {
  return lifted === 0 ? release : { ...release, dedupeKey: `${release.dedupeKey} after ${lifted}` };
}
