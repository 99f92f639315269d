/** One interpreter under test: writes fixtures, invokes them in real sandboxes, gives back what came. */
import { expect } from 'vitest';
import type { FunctionRunner } from '../../../../test/support/function-runner.ts';
import { createRunnerOf, type Way } from '../../../../test/support/stocked.ts';
import type { Invocation, InvocationResult, Revision } from '../../invoke/contract.ts';
import type { HostSettings } from '../runtime.ts';
import type { Body, Fixture, FixtureName } from './fixtures.ts';
import type { Language } from './language.ts';

export type Settings = Partial<Revision>;

export class Subject {
  readonly language: Language;
  /** Runtime id. */
  readonly id: string;
  readonly functions: FunctionRunner;

  constructor(language: Language, id: string, host: Omit<HostSettings, 'fetching'>, way: Way) {
    this.language = language;
    this.id = id;
    this.functions = createRunnerOf(way, {}, 'on', host);
  }

  /** @throws Error where the language has no such fixture; the table leaves such cases out */
  fixture(name: FixtureName): Fixture {
    const fixture = this.language.fixtures[name];
    if ('absent' in fixture) throw new Error(`${this.language.name} has no ${name}: ${fixture.absent}`);
    return fixture;
  }

  async define(name: FixtureName, settings: Settings = {}): Promise<Revision> {
    const { files, handler, initializer, hooks = this.language.hooks } = this.fixture(name);
    const revision = this.functions.define(files, {
      runtime: this.id,
      handler: handler ?? this.language.handler,
      ...settings,
      ...(settings.initializer === undefined
        ? {}
        : { initializer: initializer ?? this.language.initializer }),
      ...(settings.hooks && {
        hooks: {
          preFreeze: { ...settings.hooks.preFreeze, handler: hooks.preFreeze },
          preStop: { ...settings.hooks.preStop, handler: hooks.preStop },
        },
      }),
    });
    await this.language.build?.(revision.codeFolder);
    return revision;
  }

  invoke(revision: Revision, call: Partial<Invocation> = {}): Promise<InvocationResult> {
    return this.functions.invoke(revision, call);
  }

  /** Defines and invokes once. */
  async run(
    name: FixtureName,
    settings: Settings = {},
    call: Partial<Invocation> = {},
  ): Promise<InvocationResult> {
    return this.invoke(await this.define(name, settings), call);
  }

  /** Checks an answer against the table's body, or the language's own. */
  expectAnswer(
    result: InvocationResult,
    outcome: InvocationResult['outcome'],
    body: Body,
    name?: FixtureName,
  ): void {
    const wanted = (name && this.fixture(name).body) ?? body;
    const text = result.body.toString();
    expect({ outcome: result.outcome, body: text }).toEqual({ outcome, body: expect.any(String) });
    if (typeof wanted === 'string') expect(text).toBe(wanted);
    else expect(JSON.parse(text)).toMatchObject(wanted);
  }
}

/** The lines of a call's log between its first and its last bracket, both left out. */
export function linesOf(result: InvocationResult): string[] {
  const lines = result.log.toString().trimEnd().split('\n');
  const end = lines.findIndex((line) => line.startsWith('FC Invoke End '));
  return lines.slice(1, end);
}
