/**
 * What stays out of a package: patterns as in `.gitignore` (`*`, `**`, `?`, a leading `/`, a trailing `/`, `!`). The
 * last pattern that fits decides; a file below an ignored folder cannot be taken back in, as in git.
 */

/** True when `path` (relative, `/`-separated) stays out. */
export type Ignore = (path: string, isFolder: boolean) => boolean;

interface Rule {
  readonly fits: RegExp;
  readonly isNegated: boolean;
  readonly foldersOnly: boolean;
}

/** Compiles patterns; empty lines and lines that begin with `#` say nothing. */
export function ignoring(patterns: readonly string[]): Ignore {
  const rules = patterns
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '' && !pattern.startsWith('#'))
    .map(toRule);
  return (path, isFolder) => {
    let isIgnored = false;
    for (const { fits, isNegated, foldersOnly } of rules)
      if ((!foldersOnly || isFolder) && fits.test(path)) isIgnored = !isNegated;
    return isIgnored;
  };
}

function toRule(pattern: string): Rule {
  const isNegated = pattern.startsWith('!');
  const bare = pattern.replace(/^!/, '').replace(/^\.\//, '/');
  const foldersOnly = bare.endsWith('/');
  const body = bare.replace(/^\//, '').replace(/\/$/, '');
  // A slash at the beginning or in the middle ties the pattern to the root.
  const isRooted = bare.startsWith('/') || body.includes('/');
  return { fits: new RegExp(`^${isRooted ? '' : '(?:.*/)?'}${translate(body)}$`), isNegated, foldersOnly };
}

function translate(glob: string): string {
  return glob.replaceAll(/\*\*\/|\/\*\*$|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    switch (part) {
      case '**/':
        return '(?:.*/)?';
      case '/**':
        return '/.*';
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '?':
        return '[^/]';
      default:
        return `\\${part}`;
    }
  });
}
