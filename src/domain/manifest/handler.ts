/** What a handler may be, by the language of the runtime (runtimes §1). */

const LIMIT = 128;

interface HandlerRule {
  readonly rule: string;
  readonly allows: (text: string) => boolean;
}

const RULES: readonly (readonly [runtimes: RegExp, rule: string, pattern: RegExp])[] = [
  [/^custom/, 'a text without blanks, for example index.handler', /^\S+$/],
  [/^java/, 'package.Class::method, for example example.App::handleRequest', /^[^\s:]+::[^\s:]+$/],
  [/^dotnet/, 'Assembly::Namespace.Class::Method', /^[^\s:]+::[^\s:]+::[^\s:]+$/],
  [/./, 'file.function, for example index.handler', /^[^\s.]\S*\.[^\s.]+$/],
];

/** Of handlers and initializers alike. An unknown runtime is taken for one that names files. */
export function handlerRule(runtime: string): HandlerRule {
  const [, rule, pattern] = RULES.find(([runtimes]) => runtimes.test(runtime)) ?? [/./, 'a handler', /./];
  return { rule, allows: (text) => text.length <= LIMIT && pattern.test(text) };
}
