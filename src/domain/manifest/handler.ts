/** What a handler may be, by the language of the runtime (runtimes §1). */
import { familyOf, type RuntimeFamily } from '../names/runtimes.ts';

const LIMIT = 128;

interface HandlerRule {
  readonly rule: string;
  readonly allows: (text: string) => boolean;
}

type Shape = readonly [rule: string, pattern: RegExp];

const FILE: Shape = ['file.function, for example index.handler', /^[^\s.]\S*\.[^\s.]+$/];
const ANY_WORD: Shape = ['a text without blanks, for example index.handler', /^\S+$/];
const SHAPES: Readonly<Record<RuntimeFamily, Shape>> = {
  nodejs: FILE,
  python: FILE,
  java: ['package.Class::method, for example example.App::handleRequest', /^[^\s:]+::[^\s:]+$/],
  php: FILE,
  dotnetcore: ['Assembly::Namespace.Class::Method', /^[^\s:]+::[^\s:]+::[^\s:]+$/],
  go: FILE,
  custom: ANY_WORD,
  'custom-container': ANY_WORD,
};

/** Of handlers and initializers alike. `null`: the runtime could not be read, which says enough. */
export function handlerRule(runtime: string | null): HandlerRule {
  const [rule, pattern] =
    runtime === null ? (['a handler', /./] as const) : SHAPES[familyOf(runtime) ?? 'nodejs'];
  return { rule, allows: (text) => text.length <= LIMIT && pattern.test(text) };
}
