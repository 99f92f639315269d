/** Paths that stay inside the repository, whatever a manifest writes. */

/**
 * `path` as seen from folder `base`, normalised (`/`-separated, no `.` or `..`; `.` for the root itself); `null` when
 * it is absolute, leaves the repository, or goes into `.git`.
 */
export function repositoryPath(base: string, path: string): string | null {
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.includes('\\') || path.includes('\0'))
    return null;
  const parts: string[] = [];
  for (const part of `${base}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  if (parts.some((part) => part.toLowerCase() === '.git')) return null;
  return parts.length === 0 ? '.' : parts.join('/');
}

/** The folder of a file: empty for the root. */
export function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
}
