/**
 * Which repositories may be read: https, ssh and git addresses, and plain paths below folders that the operator
 * named. Everything else (file:, ext:, http:, options in disguise) is refused, again here, whatever the API let in.
 */
import { realpathSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';

export type RepositoryCheck =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly reason: string };

const ALLOWED = 'https://…, ssh://…, git://…, user@host:path, or a path below SLUICE_LOCAL_REPOSITORIES';

/** The address to hand to git, or why not. */
export function checkRepository(repository: string, localRepositories: readonly string[]): RepositoryCheck {
  if (isAbsolute(repository)) return checkPath(repository, localRepositories);
  // scp-like: user@host:path; neither part may begin with a dash, which ssh would take for an option.
  if (/^[A-Za-z0-9_.][\w.-]*@[A-Za-z0-9][\w.-]*:(?!-)[^\s]+$/.test(repository))
    return { ok: true, address: repository };
  let url: URL;
  try {
    url = new URL(repository);
  } catch {
    return refused(`not an address that git knows; allowed: ${ALLOWED}`);
  }
  if (!['https:', 'ssh:', 'git:'].includes(url.protocol))
    return refused(`${url.protocol}// is not allowed; allowed: ${ALLOWED}`);
  if (url.hostname === '' || url.hostname.startsWith('-') || url.username.startsWith('-'))
    return refused('the address has no usable host');
  return { ok: true, address: repository };
}

/** The address as it may be shown: user and password of a URL are left out. */
export function sayRepository(repository: string): string {
  return repository.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');
}

/** The address's user and password, which must not show in messages of git; empty where there are none. */
export function secretsOf(repository: string): string[] {
  const [, userinfo] = /^[a-z+]+:\/\/([^/@]*)@/i.exec(repository) ?? [];
  const password = userinfo?.split(':')[1];
  return [userinfo, password].filter((part): part is string => part !== undefined && part.length >= 4);
}

function checkPath(path: string, localRepositories: readonly string[]): RepositoryCheck {
  const real = realPath(path);
  if (real === undefined) return refused(`${path} does not exist`);
  const isBelow = localRepositories.some((folder) => {
    const root = realPath(folder);
    if (root === undefined) return false;
    const way = relative(root, real);
    return way === '' || (!way.startsWith('..') && !isAbsolute(way));
  });
  return isBelow
    ? { ok: true, address: real }
    : refused(`${path} is not below SLUICE_LOCAL_REPOSITORIES; allowed: ${ALLOWED}`);
}

/** Links are resolved first: a link inside an allowed folder must not lead out of it. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function refused(reason: string): RepositoryCheck {
  return { ok: false, reason };
}
