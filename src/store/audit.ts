/**
 * The audit log: append only (a trigger refuses changes) and chained: each hash covers its row and the hash before,
 * so that a row changed past the trigger shows. One advisory lock makes "read the last, add the next" one step.
 */
import { createHash } from 'node:crypto';
import { sql, type Selectable } from 'kysely';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export interface AuditFact {
  /** Name of the person's token, or `anonymous`. */
  readonly actor: string;
  readonly role: string;
  /** What was tried, e.g. `release.approve`. */
  readonly action: string;
  /** What it was tried on, e.g. `release:01J…`, `project:shop`. */
  readonly target: string;
  /** `ok`, or the code of the refusal. */
  readonly outcome: string;
  /** Plain JSON without secrets. */
  readonly detail: object;
}

export interface AuditEntry extends AuditFact {
  /** From 1 without gaps. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly previousHash: string;
  readonly hash: string;
}

/** What stands before the first entry. */
export const AUDIT_ORIGIN = '0'.repeat(64);
const PAGE = 1_000;

/** Appends an entry, in the caller's transaction where there is one: then act and entry stand or fall together. */
export async function addAudit(db: Db, fact: AuditFact): Promise<AuditEntry> {
  const work = async (tx: Db): Promise<AuditEntry> => {
    await sql`select pg_advisory_xact_lock(hashtextextended('sluice-audit', 0))`.execute(tx);
    const last = await tx
      .selectFrom('audit')
      .select(['id', 'hash'])
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    // jsonb keeps neither the order of keys nor `undefined`: what is hashed is what will be read back.
    const detail = JSON.parse(JSON.stringify(fact.detail)) as object;
    const body = { ...fact, detail, id: Number(last?.id ?? 0) + 1, at: Date.now() };
    const previousHash = last?.hash ?? AUDIT_ORIGIN;
    const entry: AuditEntry = { ...body, previousHash, hash: chainHash(body, previousHash) };
    await tx
      .insertInto('audit')
      .values({
        id: entry.id,
        at: new Date(entry.at),
        actor: entry.actor,
        role: entry.role,
        action: entry.action,
        target: entry.target,
        outcome: entry.outcome,
        detail: JSON.stringify(entry.detail),
        previous_hash: entry.previousHash,
        hash: entry.hash,
      })
      .execute();
    return entry;
  };
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}

/** Newest first; `beforeId` is the last id of the page before. */
export async function listAudit(
  db: Db,
  { beforeId, limit }: { readonly beforeId?: number | undefined; readonly limit: number },
): Promise<AuditEntry[]> {
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .$if(beforeId !== undefined, (q) => q.where('id', '<', String(beforeId)))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

/**
 * Reads the whole chain and computes every hash again.
 *
 * @returns the id of the first entry that does not fit (changed, missing or put in), or `null`
 */
export async function verifyAudit(
  db: Db,
): Promise<{ readonly entries: number; readonly brokenAt: number | null }> {
  let previous = { id: 0, hash: AUDIT_ORIGIN };
  for await (const page of auditPages(db, 0))
    for (const entry of page) {
      const fits =
        entry.id === previous.id + 1 &&
        entry.previousHash === previous.hash &&
        entry.hash === chainHash(entry, previous.hash);
      if (!fits) return { entries: previous.id, brokenAt: entry.id };
      previous = entry;
    }
  return { entries: previous.id, brokenAt: null };
}

/** All entries after `afterId`, oldest first, as they are at the time of each page. */
export async function* auditPages(db: Db, afterId: number): AsyncGenerator<readonly AuditEntry[], void> {
  for (let last = afterId; ;) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('id', '>', String(last))
      .orderBy('id')
      .limit(PAGE)
      .execute();
    const page = rows.map(toEntry);
    yield page;
    last = page.at(-1)?.id ?? last;
    if (page.length < PAGE) return;
  }
}

function chainHash(entry: Omit<AuditEntry, 'hash' | 'previousHash'>, previousHash: string): string {
  const { id, at, actor, role, action, target, outcome, detail } = entry;
  return createHash('sha256')
    .update(JSON.stringify([previousHash, id, at, actor, role, action, target, outcome, sorted(detail)]))
    .digest('hex');
}

/** The value with the keys of its objects in order, at every depth. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

function toEntry(row: Selectable<Tables['audit']>): AuditEntry {
  return {
    id: Number(row.id),
    at: row.at.getTime(),
    actor: row.actor,
    role: row.role,
    action: row.action,
    target: row.target,
    outcome: row.outcome,
    detail: row.detail,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
