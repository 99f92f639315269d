/**
 * What a function may rely on, whatever its language: one table of cases (`cases/`) over every interpreter that this
 * machine has, those of `SLUICE_RUNTIMES` first, with the Node.js majors in its cache. A language joins by its fixtures (`fixtures.ts` says what each must do)
 * and a line in `LANGUAGES`. Runtimes that can wait for a function go through the table a second time, out of the stock.
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
import { CUSTOM } from './custom.ts';
import { DOTNET } from './dotnet.ts';
import { JAVA } from './java.ts';
import { NODEJS } from './nodejs.ts';
import { PHP } from './php.ts';
import { PYTHON } from './python.ts';
import { Subject } from './subject.ts';

const LANGUAGES: readonly Language[] = [NODEJS, PYTHON, PHP, JAVA, DOTNET, CUSTOM];

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
for (const major of MAJORS)
  if (!cachedBinary(cache, major))
    await fetchBinary(cache, major).catch((error: unknown) =>
      test.skip(`Node.js ${major}: cannot be fetched here: ${ensureError(error).message.slice(0, 200)}`),
    );
for (const id of ['java8', 'java11', 'dotnetcore2.1']) await prepareRuntime(id);
const registry = new RuntimeRegistry(host);
const states = registry.states();

for (const language of LANGUAGES) {
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
    if (canWait(id) && !BETWEEN.includes(id))
      describe(`${id} (${state.version}), out of the stock`, () =>
        runTable(language, id, state.version, 'stock'));
  }
}

function canWait(id: string): boolean {
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
