/** One row of the table. */
import { expect } from 'vitest';
import type { Invocation, InvocationResult } from '../../invoke/contract.ts';
import type { Body, FixtureName } from './fixtures.ts';
import type { Settings, Subject } from './subject.ts';

export interface ConformanceCase {
  readonly title: string;
  /** The function that it runs; left out for languages that have no such. */
  readonly fixture: FixtureName;
  /** Only where an instance may take several calls. */
  readonly concurrent?: true;
  /** Only where the host limits memory. */
  readonly limited?: true;
  check(subject: Subject): Promise<void>;
}

export interface Simple {
  readonly title: string;
  readonly fixture: FixtureName;
  readonly settings?: Settings;
  readonly call?: Partial<Invocation>;
  readonly outcome?: InvocationResult['outcome'];
  /** Unless the fixture says its language's own. */
  readonly body: Body;
  /** A line of the call's log. */
  readonly logged?: RegExp;
}

/** A case of one call: what goes in, what comes out. */
export function simple({
  title,
  fixture,
  settings,
  call,
  outcome = 'ok',
  body,
  logged,
}: Simple): ConformanceCase {
  return {
    title,
    fixture,
    check: async (subject) => {
      const result = await subject.run(fixture, settings, call);
      subject.expectAnswer(result, outcome, body, fixture);
      if (logged) expect(result.log.toString().split('\n')).toContainEqual(expect.stringMatching(logged));
    },
  };
}
