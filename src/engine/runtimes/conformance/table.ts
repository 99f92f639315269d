/**
 * What a function may rely on, whatever its language: one table of cases (`cases/`) over every interpreter that this
 * machine has, those of `SLUICE_RUNTIMES` first, with the Node.js majors in its cache. A language joins by its fixtures (`fixtures.ts` says what each must do)
 * and a line in one of the tests beside this file, which run side by side. Runtimes that can wait for a function go through the table
 * a second time, out of the stock.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../platform/config.ts';
import { ensureError } from '../../../platform/errors.ts';
import { cachedBinary, fetchBinary } from '../nodejs/binaries.ts';
import type { Way } from '../../../../test/support/stocked.ts';
import { canShowFolders } from '../../sandbox/mounter.ts';
import { prepareRuntime } from '../../../../test/support/prepared-runtime.ts';
import { RuntimeRegistry } from '../registry.ts';
import type { ConformanceCase } from './case.ts';
import { ANSWERS } from './cases/answers.ts';
import { CONTEXT } from './cases/context.ts';
import { FAILURES } from './cases/failures.ts';
import { HOOKS } from './cases/hooks.ts';
import { HTTP } from './cases/http.ts';
import { INITIALIZER } from './cases/initializer.ts';
import { LOG } from './cases/log.ts';
import { SURROUNDINGS } from './cases/surroundings.ts';
import type { Language } from './language.ts';
import { Subject } from './subject.ts';

const TABLE: Readonly<Record<string, readonly ConformanceCase[]>> = {
  answers: ANSWERS,
  failures: FAILURES,
  initializer: INITIALIZER,
  hooks: HOOKS,
  context: CONTEXT,
  log: LOG,
  http: HTTP,
  surroundings: SURROUNDINGS,
};

const { runtimes: interpreters, cache } = loadConfig();
const host = { interpreters, cache };
/** Majors that the shim must run on although no host has them any more. */
const MAJORS = [6, 8, 10, 12, 14, 16, 18];
/** Out of the stock come the oldest and the newest alone: what differs there is how they read their environment. */
const BETWEEN = MAJORS.slice(1).map((major) => `nodejs${major}`);
/** What can be had for a test of them. */
const PREPARED = ['java8', 'java11', 'dotnetcore2.1'];

/** Defines the tests of these languages. */
export async function testConformance(languages: readonly Language[]): Promise<void> {
  const ids = new Set(languages.flatMap((language) => language.ids));
  for (const major of MAJORS.filter((each) => ids.has(`nodejs${each}`)))
    if (!cachedBinary(cache, major))
      await fetchBinary(cache, major).catch((error: unknown) =>
        test.skip(`Node.js ${major}: cannot be fetched here: ${ensureError(error).message.slice(0, 200)}`),
      );
  for (const id of PREPARED.filter((each) => ids.has(each))) await prepareRuntime(id);
  // Knows what was prepared.
  const registry = new RuntimeRegistry(host);
  for (const language of languages) testLanguage(language, registry);
}

function testLanguage(language: Language, registry: RuntimeRegistry): void {
  const states = registry.states();
  /** Interpreters that the table ran over already, by their version. */
  const covered = new Map<string, string>();
  // The id that an interpreter serves exactly comes first, because the others would only repeat it.
  const rank = (id: string) => (states[id]?.state === 'exact' ? 0 : 1);
  for (const id of [...language.ids].sort((a, b) => rank(a) - rank(b))) {
    const state = states[id];
    if (!state || state.state === 'missing') {
      test.skip(`${id}: not on this machine: ${state?.reason ?? 'unknown to the registry'}`);
      continue;
    }
    const twin = covered.get(state.version);
    if (twin) {
      test.skip(`${id}: served by the same ${state.version} as ${twin}`);
      continue;
    }
    covered.set(state.version, id);
    describe(`${id} (${state.version})`, () => runTable(language, id, state.version, 'ordinary'));
    if (canWait(registry, id) && !BETWEEN.includes(id))
      describe(`${id} (${state.version}), out of the stock`, () =>
        runTable(language, id, state.version, 'stock'));
  }
}

function canWait(registry: RuntimeRegistry, id: string): boolean {
  const lookup = registry.find(id);
  return (
    canShowFolders('on') &&
    lookup.found &&
    lookup.runtime.protocol === 'frames' &&
    lookup.runtime.waiting !== undefined
  );
}

function runTable(language: Language, id: string, version: string, way: Way): void {
  // Made when its first case runs: a runner takes part of the host, and a run of single cases closes only those it began.
  let subject: Subject;
  beforeAll(async () => {
    subject = new Subject(language, id, host, way);
    await language.prepare?.();
  });
  afterAll(async () => {
    const { taken } = subject.functions.runner.stats;
    await subject.functions.close();
    // Nearly all cases have a function of their own; a few need a process of their own.
    if (way === 'stock') expect(taken).toBeGreaterThan(20);
  });
  for (const [group, cases] of Object.entries(TABLE))
    describe(group, () => {
      for (const each of cases) {
        const fixture = language.fixtures[each.fixture];
        if (group === 'http' && language.noHttp !== undefined)
          test.skip(`${each.title} — ${language.noHttp}`);
        else if ('absent' in fixture) test.skip(`${each.title} — ${fixture.absent}`);
        else if (each.fixture === 'globalOverlap' && language.separatesGlobalLog?.(version) === false)
          test.skip(`${each.title} — ${version} has no state of its own for each request`);
        else if (each.concurrent && !language.concurrent)
          test.skip(`${each.title} — takes one call at a time`);
        else
          test(each.title, async ({ skip }) => {
            skip(
              each.limited === true && subject.functions.runner.limits.state === 'missing',
              'nothing limits memory on this host',
            );
            await each.check(subject);
          });
      }
    });
}
