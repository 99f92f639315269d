/** Runs what a person asked for and leaves an audit entry, also when it was refused. */
import { ensureError } from '../../platform/errors.ts';
import { addAudit } from '../../store/audit.ts';
import type { Db } from '../../store/store.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import type { Principal } from './principal.ts';

export interface AuditedAct {
  readonly principal: Principal;
  /** E.g. `release.approve`. */
  readonly action: string;
  /** E.g. `release:01J…`. */
  readonly target: string;
  readonly detail: object;
}

/**
 * Runs `work` and records the act with outcome `ok`, or with the code of the problem that refused it.
 *
 * @param work gets a way to record the act itself inside its own transaction; then nothing is added after it
 */
export async function audited<T>(
  parts: Pick<ApiParts, 'db'>,
  act: AuditedAct,
  work: (record: (tx: Db, detail?: object) => Promise<void>) => Promise<T>,
): Promise<T> {
  let recorded = false;
  const entry = (db: Db, outcome: string, detail: object) =>
    addAudit(db, {
      actor: act.principal.name,
      role: act.principal.role,
      action: act.action,
      target: act.target,
      outcome,
      detail: { ...act.detail, ...detail, token: act.principal.id },
    });
  try {
    const result = await work(async (tx, detail = {}) => {
      await entry(tx, 'ok', detail);
      recorded = true;
    });
    if (!recorded) await entry(parts.db, 'ok', {});
    return result;
  } catch (error) {
    const refused = error instanceof Problem ? error.code : 'error';
    await entry(parts.db, refused, { message: ensureError(error).message });
    throw error;
  }
}
