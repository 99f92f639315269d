/**
 * Which repositories a project may name. Git takes far more than addresses (`ext::` runs commands, `file://` and
 * plain paths read this machine), so only https, ssh and git pass, and plain paths below the folders the operator named.
 */
import { realpath } from 'node:fs/promises';
import { isAbsolute, sep } from 'node:path';
import { Problem } from './problem.ts';

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;
const SCP_LIKE = /^(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)(?!-)(.+)$/;

/**
 * Checks the address of a repository.
 *
 * @param localFolders absolute folders below which plain paths are allowed
 * @throws Problem 422 `repository-refused` with what is allowed
 */
export async function requireRepository(address: string, localFolders: readonly string[]): Promise<void> {
  if (/[\s\p{Cc}\\]/u.test(address) || address.startsWith('-'))
    throw refused('it holds characters that no address has');
  if (isAbsolute(address)) return requireLocal(address, localFolders);
  // `helper::address` makes git run a program.
  if (address.includes('::')) throw refused('remote helpers ("name::") are not allowed');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) return requireUrl(address);
  if (!SCP_LIKE.test(address)) throw refused('this is none of them');
}

function requireUrl(address: string): void {
  if (!URL.canParse(address)) throw refused('the URL cannot be read');
  const url = new URL(address);
  if (!['https:', 'ssh:', 'git:'].includes(url.protocol))
    throw refused(`${url.protocol}// is not one of them`);
  if (!HOST.test(url.hostname) && !/^\[[0-9a-f:.]+\]$/i.test(url.hostname))
    throw refused('the host name cannot be used');
  if (url.password || (url.username && url.protocol !== 'ssh:'))
    throw refused('leave user and password out of it: they would be shown to everybody who sees the project');
  if (url.username.startsWith('-') || url.pathname.length < 2 || url.pathname.startsWith('/-'))
    throw refused('the path of the repository is missing');
}

async function requireLocal(address: string, folders: readonly string[]): Promise<void> {
  const allowed = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)));
  // Links are followed before comparing: a link below an allowed folder may point anywhere.
  const real = await realpath(address).catch(() => undefined);
  if (real !== undefined && allowed.some((folder) => folder !== undefined && isBelow(real, folder))) return;
  throw refused(
    folders.length === 0
      ? 'plain paths are off; the operator allows folders by SLUICE_LOCAL_REPOSITORIES'
      : 'the path does not exist below a folder of SLUICE_LOCAL_REPOSITORIES',
  );
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function refused(why: string): Problem {
  return new Problem({
    status: 422,
    code: 'repository-refused',
    detail: `repository: use https://host/path, ssh://user@host/path, user@host:path, git://host/path, or a path below an allowed folder; ${why}`,
    errors: [{ pointer: '/repository', detail: why }],
  });
}
