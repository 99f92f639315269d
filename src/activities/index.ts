/**
 * The side effects of releases, one folder a stage; each idempotent. `createActivities` wires them to real parts;
 * workflows know them by `contract.ts` alone.
 */
import { buildActivities } from './build/build.ts';
import type { Activities } from './contract.ts';
import { compareActivities } from './deploy/compare.ts';
import { deployActivities } from './deploy/deploy.ts';
import { lockActivities } from './deploy/lock.ts';
import { publishActivities } from './deploy/publish.ts';
import { smokeActivities } from './deploy/smoke.ts';
import { hookActivities } from './hooks/run-hook.ts';
import { packageActivities } from './package/package.ts';
import type { Parts } from './parts.ts';
import { laneActivities } from './record/lane-facts.ts';
import { recordActivities } from './record/record.ts';
import { reportActivities } from './record/report.ts';
import { rollbackRecordActivities } from './record/rollback-records.ts';
import { sourceActivities } from './source/source.ts';
import { moveActivities } from './traffic/move-alias.ts';
import { restoreActivities } from './traffic/restore-latest.ts';
import { rollBackActivities } from './traffic/roll-back-to.ts';
import { bakeActivities } from './watch/bake.ts';
import { watchActivities } from './watch/watch.ts';

export type { Parts } from './parts.ts';

/** Every activity, over the given parts. */
export function createActivities(parts: Parts): Activities {
  return {
    ...laneActivities(parts),
    ...recordActivities(parts),
    ...reportActivities(parts),
    ...sourceActivities(parts),
    ...buildActivities(parts),
    ...packageActivities(parts),
    ...compareActivities(parts),
    ...lockActivities(parts),
    ...deployActivities(parts),
    ...publishActivities(parts),
    ...smokeActivities(parts),
    ...hookActivities(parts),
    ...moveActivities(parts),
    ...restoreActivities(parts),
    ...rollBackActivities(parts),
    ...watchActivities(parts),
    ...bakeActivities(parts),
    ...rollbackRecordActivities(parts),
  };
}
