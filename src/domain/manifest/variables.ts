/**
 * `${…}` in manifests of edition 1.0.0 (manifests §3): `vars`, other modules, `this`, and the environment, which is
 * the release's variables and never the host's. Anything that stays unresolved is refused: a literal `${…}` in a
 * deployed setting helps nobody.
 */
import { didYouMean, nearest } from '../names/nearest.ts';
import { member, type YamlNode } from '../yaml/node.ts';
import type { Findings, Path } from './findings.ts';
import type { Position } from './model.ts';

const MAX_DEPTH = 8;
/** Characters of a value after replacement; variables in variables would grow it without end. */
const MAX_LENGTH = 65_536;

const EXPRESSION = /\$\{([^{}]*)\}/g;

interface Site {
  readonly module: string;
  readonly path: Path;
  readonly at: Position;
  /** Expressions on the way here, to see cycles. */
  readonly trail: readonly string[];
}

/** What an expression names could not be had; the message says why. */
class Unresolved extends Error {
  override readonly name = 'Unresolved';
}

export class Variables {
  readonly #root: YamlNode;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #findings: Findings;
  readonly #memo = new Map<string, YamlNode>();

  constructor(root: YamlNode, variables: Readonly<Record<string, string>>, findings: Findings) {
    this.#root = root;
    this.#variables = variables;
    this.#findings = findings;
  }

  /** The node of a module with every variable replaced; values keep the place where they are used. */
  resolve(node: YamlNode, module: string, path: Path): YamlNode {
    return this.#node(node, { module, path, at: node.at, trail: [] });
  }

  #node(node: YamlNode, site: Site): YamlNode {
    switch (node.kind) {
      case 'map':
        return {
          ...node,
          entries: node.entries.map((entry) => ({
            ...entry,
            value: this.#node(entry.value, { ...site, path: [...site.path, entry.key], at: entry.value.at }),
          })),
        };
      case 'list':
        return {
          ...node,
          items: node.items.map((item, i) =>
            this.#node(item, { ...site, path: [...site.path, i], at: item.at }),
          ),
        };
      case 'scalar':
        if (typeof node.value !== 'string' || !node.value.includes('${')) return node;
        try {
          return { ...this.#text(node.value, site), at: node.at };
        } catch (error) {
          if (!(error instanceof Unresolved)) throw error;
          // Inside another expression the whole chain fails, and the place of use is told.
          if (site.trail.length > 0) throw error;
          this.#findings.unresolved(site.path, node.at, error.message);
          return { kind: 'scalar', value: null, source: '', at: node.at };
        }
    }
  }

  #text(text: string, site: Site): YamlNode {
    const whole = /^\$\{([^{}]*)\}$/.exec(text.trim());
    if (whole) return this.#expression(whole[1] ?? '', site);
    const replaced = text.replaceAll(EXPRESSION, (_, expression: string) => {
      const value = this.#expression(expression, site);
      if (value.kind === 'scalar') return value.source;
      throw new Unresolved(`\${${expression}} is a ${value.kind} and cannot stand inside a text`);
    });
    if (text.replaceAll(EXPRESSION, '').includes('${')) {
      throw new Unresolved('found ${ without an expression that ends with }; variables cannot be nested');
    }
    if (replaced.length > MAX_LENGTH)
      throw new Unresolved(`the text is longer than ${MAX_LENGTH} characters with its variables`);
    return { kind: 'scalar', value: replaced, source: replaced, at: site.at };
  }

  #expression(written: string, site: Site): YamlNode {
    const expression = written.trim();
    const key = `${site.module} ${expression}`;
    const known = this.#memo.get(key);
    if (known) return known;
    if (site.trail.includes(key)) throw new Unresolved(`\${${expression}} refers to itself`);
    if (site.trail.length >= MAX_DEPTH)
      throw new Unresolved(`\${${expression}} is more than ${MAX_DEPTH} variables deep`);
    const value = this.#value(expression, { ...site, trail: [...site.trail, key] });
    this.#memo.set(key, value);
    return value;
  }

  #value(expression: string, site: Site): YamlNode {
    const call = /^([A-Za-z]+)\s*\(\s*(?:(['"])(.*)\2|([^'"]*?))\s*\)$/.exec(expression);
    if (call) {
      const [, name = '', , quoted, bare] = call;
      if (name === 'env') return this.#environment(quoted ?? bare ?? '', site.at);
      throw new Unresolved(
        `\${${expression}}: ${name}() is not supported; allowed: vars, env, services, this`,
      );
    }
    const [first = '', ...rest] = expression.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
    if (first === 'env' && rest.length === 1) return this.#environment(rest[0] ?? '', site.at);
    if (first === 'vars') return this.#lookUp(member(this.#root, 'vars'), rest, expression, site);
    if (first === 'this') return this.#ofModule(site.module, rest, expression, site);
    const services = member(this.#root, 'services');
    if (first === 'services') return this.#ofModule(rest[0] ?? '', rest.slice(1), expression, site);
    if (member(services, first)) return this.#ofModule(first, rest, expression, site);
    throw new Unresolved(
      `\${${expression}} is unknown; allowed: \${vars.…}, \${env(NAME)}, \${services.MODULE.props.…}, \${this.props.…}`,
    );
  }

  #ofModule(module: string, rest: readonly string[], expression: string, site: Site): YamlNode {
    const node = member(member(this.#root, 'services'), module);
    if (!node) throw new Unresolved(`\${${expression}}: there is no module ${module}`);
    const [head] = rest;
    if (head === 'name' && rest.length === 1)
      return { kind: 'scalar', value: module, source: module, at: site.at };
    if (head === 'output')
      throw new Unresolved(`\${${expression}}: results of a deployment are not supported`);
    if (head !== 'props' && head !== 'access') {
      throw new Unresolved(`\${${expression}}: of a module only name, access and props can be taken`);
    }
    return this.#lookUp(node, rest, expression, { ...site, module });
  }

  #lookUp(start: YamlNode | undefined, path: readonly string[], expression: string, site: Site): YamlNode {
    let node = start;
    for (const part of path) {
      // A variable on the way may itself stand for the map or list that is looked into.
      if (node?.kind === 'scalar') node = this.#node(node, site);
      const next = node?.kind === 'list' ? node.items[Number(part)] : member(node, part);
      if (!next) throw new Unresolved(`\${${expression}} is not there${this.#hint(node, part)}`);
      node = next;
    }
    if (!node || path.length === 0) throw new Unresolved(`\${${expression}} is not there`);
    return this.#node(node, site);
  }

  #hint(node: YamlNode | undefined, part: string): string {
    const keys = node?.kind === 'map' ? node.entries.map((e) => e.key) : [];
    return didYouMean(part, keys);
  }

  #environment(name: string, at: Position): YamlNode {
    if (Object.hasOwn(this.#variables, name)) {
      const value = this.#variables[name] ?? '';
      return { kind: 'scalar', value, source: value, at };
    }
    const known = Object.keys(this.#variables).sort();
    const meant = nearest(name, known);
    const hint = meant === null ? '' : ` Did you mean ${meant}?`;
    throw new Unresolved(
      `the environment has no variable ${name}; it comes from the project's record (sluice variables PROJECT.ENVIRONMENT ${name}=…), never from the machine.${hint}`,
    );
  }
}
