/** What is wrong, or odd, in a file that somebody wrote: where, what was found, and what is allowed. */

/** Where something stands in a file; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Finding {
  /** Stable, kebab-case, e.g. `unsupported`, `wrong-type`, `unknown-key`. */
  readonly code: string;
  readonly level: 'error' | 'warning';
  /** Path in the document, e.g. `services.hello.props.function.timeout`. */
  readonly path: string;
  /** What was found, and what is allowed. */
  readonly message: string;
  readonly at: Position;
}

/** One line for people: `sluice.yml:4:7: …`. */
export function findingText(finding: Finding): string {
  const { file, line, column } = finding.at;
  const path = finding.path === '' ? '' : `${finding.path}: `;
  return `${file}:${line}:${column}: ${path}${finding.message}`;
}

/** In the order of the file; each place and message once. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings
    .filter((finding) => {
      const text = findingText(finding);
      if (seen.has(text)) return false;
      seen.add(text);
      return true;
    })
    .sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
}

/** `services.hello.triggers[0].name` */
export function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}
