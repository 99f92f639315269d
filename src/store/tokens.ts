/**
 * Access tokens: role, projects, expiry. Only the SHA-256 of a token is kept; a token has 192 random bits, so a slow
 * hash would add nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import { sql, type Selectable } from 'kysely';
import { newId } from '../platform/new-id.ts';
import type { Role } from '../domain/release/states.ts';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Projects that it is good for; empty = all. */
  readonly projects: readonly string[];
  readonly createdBy: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  readonly projects: readonly string[];
  readonly createdBy: string;
  readonly expiresAt: number | null;
}

/** Every column but the hash. */
const COLUMNS = [
  'id',
  'name',
  'role',
  'projects',
  'created_by',
  'created_at',
  'expires_at',
  'last_used_at',
  'revoked_at',
] as const;

/** How exact `lastUsedAt` is, so that a busy token does not write a row per request. */
const USE_PRECISION = sql`interval '1 minute'`;

/** What is kept of a token. */
export function hashToken(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Makes a token; `secret` is shown once and kept nowhere. */
export async function createToken(
  db: Db,
  token: NewToken,
): Promise<{ readonly token: Token; readonly secret: string }> {
  const secret = `slu_${randomBytes(24).toString('base64url')}`;
  const row = await db
    .insertInto('tokens')
    .values({
      id: newId(),
      name: token.name,
      hash: hashToken(secret),
      role: token.role,
      projects: JSON.stringify(token.projects),
      created_by: token.createdBy,
      expires_at: token.expiresAt === null ? null : new Date(token.expiresAt),
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  return { token: toToken(row), secret };
}

/** Newest first, revoked and expired ones too. */
export async function listTokens(db: Db): Promise<Token[]> {
  const rows = await db.selectFrom('tokens').select(COLUMNS).orderBy('id', 'desc').execute();
  return rows.map(toToken);
}

/** The token that this secret belongs to, when it is good now (neither revoked nor expired). */
export async function findTokenBySecret(db: Db, secret: string): Promise<Token | undefined> {
  return useToken(db, 'hash', hashToken(secret));
}

/** The token of a session, when it is good now. */
export async function findTokenById(db: Db, id: string): Promise<Token | undefined> {
  return useToken(db, 'id', id);
}

/** Ends a token at once. @returns `undefined` when there is none; a revoked one stays as it was */
export async function revokeToken(db: Db, id: string): Promise<Token | undefined> {
  const row = await db
    .updateTable('tokens')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where('id', '=', id)
    .returning(COLUMNS)
    .executeTakeFirst();
  return row && toToken(row);
}

async function useToken(db: Db, column: 'hash' | 'id', value: string): Promise<Token | undefined> {
  const row = await db
    .selectFrom('tokens')
    .select(COLUMNS)
    .select(sql<boolean>`coalesce(last_used_at < now() - ${USE_PRECISION}, true)`.as('stale'))
    .where(column, '=', value)
    .where('revoked_at', 'is', null)
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', sql<Date>`now()`)]))
    .executeTakeFirst();
  if (row?.stale)
    await db
      .updateTable('tokens')
      .set({ last_used_at: sql<Date>`now()` })
      .where('id', '=', row.id)
      .execute()
      // A note, and no reason to refuse who reads while the database takes no writes.
      .catch(() => undefined);
  return row && toToken(row);
}

function toToken(row: Pick<Selectable<Tables['tokens']>, (typeof COLUMNS)[number]>): Token {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    projects: row.projects,
    createdBy: row.created_by,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at?.getTime() ?? null,
    lastUsedAt: row.last_used_at?.getTime() ?? null,
    revokedAt: row.revoked_at?.getTime() ?? null,
  };
}
