/** Generations come from one sequence and are the ETags, so that a name made again never gets an old one. */
import { sql, type Transaction } from 'kysely';
import type { EngineTables } from './tables.ts';

/** The next generation, decimal. */
export async function nextGeneration(rows: Transaction<EngineTables>): Promise<string> {
  const { rows: next } = await sql<{ nextval: string }>`select nextval('revisions')`.execute(rows);
  return next[0]?.nextval ?? '0';
}

export function etagOf(generation: string): string {
  return BigInt(generation).toString(16);
}
