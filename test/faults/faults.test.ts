/**
 * Faults at every moment of a release: `npm run test:faults` (SLUICE_FAULTS=all) runs the whole table and writes it down;
 * keys of single faults run those alone.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDeliveries } from './deliveries.ts';
import { FAULTS } from './faults.ts';
import { MomentMissed, MOMENTS } from './moments.ts';
import { checkPromises } from './promises.ts';
import { ReliabilityTable } from './report.ts';
import { runRound, type Round } from './round.ts';
import { whyNot, startWorldFor } from './surroundings.ts';
import type { World } from './world.ts';

/** The longest fault lasts for five minutes. */
const ROUND_MS = 700_000;
const { SLUICE_FAULTS: wanted = 'brief', SLUICE_FAULTS_REPORT: reportPath } = process.env;
const faults = FAULTS.filter(
  ({ isBrief, isLong, key }) =>
    (wanted === 'all' && !isLong) || (wanted === 'brief' ? isBrief : wanted.split(',').includes(key)),
);
const table = new ReliabilityTable();

afterAll(() => {
  if (reportPath) table.write(reportPath);
});

for (const needs of ['plain', 'small-disk', 'shifted-clock'] as const) {
  const those = faults.filter((fault) => fault.needs === needs);
  const reason = those.length > 0 ? whyNot(needs) : undefined;
  if (reason !== undefined) for (const fault of those) table.addSkipped(fault, reason);
  describe.skipIf(those.length === 0 || reason !== undefined)(`on a ${needs} stack`, () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorldFor(needs);
    }, 150_000);

    afterAll(async () => {
      await world?.stop();
    }, 40_000);

    for (const fault of those)
      describe(fault.title, () => {
        let round: Round;

        beforeAll(async () => {
          // Nothing was proven before the fault came: once more, with projects of their own.
          round = await runRound(world, fault, 1).catch((error: unknown) => {
            if (error instanceof MomentMissed) return runRound(world, fault, 2);
            throw error;
          });
          table.addFault(fault, round.faultMs);
        }, ROUND_MS);

        for (const moment of MOMENTS)
          test(`at the moment "${moment.title}" the release ends as planned — one version, no step twice, no gap, no failed customer`, async () => {
            const outcome = round.outcomes.get(moment.key);
            if (!outcome) throw round.failures.get(moment.key) ?? new Error('there is no outcome');
            await checkPromises(world.fc, outcome, round.aliases);
            table.addOutcome(fault, outcome);
          });

        test('webhooks meanwhile are taken, or refused with 503 and Retry-After; each push leads to one release – a provider sends again what was not taken, and nothing else', async () => {
          const { project, answered } = round.deliveries;
          await checkDeliveries(world, project, answered);
          if (fault.refusesWrites) expect(answered.map(({ status }) => status)).toContain(503);
        });
      });
  });
}
