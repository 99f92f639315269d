/** Collects what is wrong or odd while a manifest is read. */
import { pathText, sortFindings } from '../finding.ts';
import type { YamlNode } from '../yaml/node.ts';
import type { Finding, Position } from './model.ts';

export type Path = readonly (string | number)[];

export class Findings {
  readonly #all: Finding[] = [];
  /** Places whose value is unknown: what else is said of them is only an echo. */
  readonly #unknown = new Set<string>();

  error(code: string, path: Path, at: Position | YamlNode, message: string): void {
    this.#add('error', code, path, at, message);
  }

  warn(code: string, path: Path, at: Position | YamlNode, message: string): void {
    this.#add('warning', code, path, at, message);
  }

  /** A variable that could not be resolved. */
  unresolved(path: Path, at: Position, message: string): void {
    this.#add('error', 'variable', path, at, message);
    this.#unknown.add(placeOf(at));
  }

  /** All, in the order of the file. */
  sorted(): Finding[] {
    return sortFindings(
      this.#all.filter(
        (f) => f.code === 'variable' || f.code === 'secret' || !this.#unknown.has(placeOf(f.at)),
      ),
    );
  }

  #add(level: Finding['level'], code: string, path: Path, at: Position | YamlNode, message: string): void {
    this.#all.push({ code, level, path: pathText(path), message, at: 'kind' in at ? at.at : at });
  }
}

function placeOf({ line, column }: Position): string {
  return `${line}:${column}`;
}
