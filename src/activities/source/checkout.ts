/**
 * The commit's files: one bare mirror per repository, and per release a clean checkout of the exact commit. Every
 * activity that needs the files calls this; where they are there already it costs one stat.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureError } from '../../platform/errors.ts';
import { invalid } from '../failure.ts';
import { makeFolder, workFolders } from '../folders.ts';
import type { Parts } from '../parts.ts';
import type { Subject } from '../release-subject.ts';
import { inTurn } from '../turns.ts';
import { gitIn } from './git.ts';
import { checkRepository, sayRepository, secretsOf } from './repository-url.ts';

export interface Checkout {
  /** Absolute folder; nobody changes anything in it. */
  readonly folder: string;
  /** False where it was there already. */
  readonly isNew: boolean;
}

/** @throws ApplicationFailure `Invalid` where the repository may not be read or has no such commit */
export async function ensureCheckout(
  { home, localRepositories }: Parts,
  { release, project }: Subject,
  signal: AbortSignal,
): Promise<Checkout> {
  const folder = workFolders(home, release.id).source;
  if (existsSync(folder)) return { folder, isNew: false };
  const checked = checkRepository(project.repository, localRepositories);
  if (!checked.ok) throw invalid(`the repository of ${project.name} may not be read: ${checked.reason}`);
  if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(release.commit))
    throw invalid(`${release.commit} is not a full commit id`);
  const mirror = join(
    home,
    'git',
    `${createHash('sha256').update(checked.address).digest('hex').slice(0, 24)}.git`,
  );
  await inTurn(mirror, async () => {
    await ensureMirror(mirror, signal);
    // Whoever starts a release by hand says the ref; a provider signs it. A dry run releases nothing.
    const isClaimed = release.cause === 'manual' && release.ref !== '' && !release.dryRun;
    // The ref as it is now; what it holds need not be fetched once more.
    if (isClaimed) await fetchAll(mirror, checked.address, signal);
    await ensureCommit(mirror, checked.address, release.commit, release.ref, signal);
    if (isClaimed) await requireOnRef(mirror, checked.address, release, signal);
  });
  await makeFolder(folder, async (draft) => {
    await rm(draft, { recursive: true, force: true });
    // Objects are shared with the mirror; nothing is ever pruned from it.
    await gitIn(join(home, 'git'), signal).raw([
      'clone',
      '--quiet',
      '--shared',
      '--no-checkout',
      '--template=',
      mirror,
      draft,
    ]);
    await gitIn(draft, signal).raw(['checkout', '--quiet', '--detach', release.commit]);
  });
  return { folder, isNew: true };
}

/** Who wrote the commit, its first line, and when it was committed (Unix milliseconds; `null`: the commit does not say). */
export async function commitFacts(
  folder: string,
  commit: string,
  signal: AbortSignal,
): Promise<{ readonly author: string; readonly title: string; readonly committedAt: number | null }> {
  const format = '--format=%an <%ae>%n%ct%n%s';
  const shown = await gitIn(folder, signal).raw(['show', '--no-patch', format, commit]);
  const [author = '', time = '', title = ''] = shown.split('\n');
  return { author, title, committedAt: /^\d{1,11}$/.test(time) ? Number(time) * 1_000 : null };
}

async function ensureMirror(mirror: string, signal: AbortSignal): Promise<void> {
  if (existsSync(mirror)) return;
  await makeFolder(mirror, async (draft) => {
    await gitIn(draft, signal).raw(['init', '--quiet', '--bare', '--template=', draft]);
  });
}

async function ensureCommit(
  mirror: string,
  address: string,
  commit: string,
  ref: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(mirror, { recursive: true });
  const git = gitIn(mirror, signal);
  if (await hasCommit(mirror, commit, signal)) return;
  await fetchAll(mirror, address, signal);
  if (await hasCommit(mirror, commit, signal)) return;
  // A commit that no branch holds any more (force-pushed over): some servers still give it by its id.
  await git.raw(['fetch', '--quiet', '--no-recurse-submodules', '--', address, commit]).catch(() => {
    signal.throwIfAborted();
  });
  if (await hasCommit(mirror, commit, signal)) return;
  throw invalid(
    `${sayRepository(address)} has no commit ${commit} (pushed to ${ref}); was it removed by a forced push?`,
  );
}

async function fetchAll(mirror: string, address: string, signal: AbortSignal): Promise<void> {
  const everything = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  await gitIn(mirror, signal)
    .raw(['fetch', '--quiet', '--force', '--no-recurse-submodules', '--', address, ...everything])
    .catch((error: unknown) => {
      signal.throwIfAborted();
      // A network that is down comes back: retried by the activity's policy. git's own error may hold a password.
      throw new Error(`${sayRepository(address)} cannot be fetched: ${withoutSecrets(error, address)}`);
    });
}

/**
 * The environment lets through what is on its branches and tags: a commit of another one must not get there under the
 * name of one of them. As the mirror knows the ref.
 *
 * @throws ApplicationFailure `Invalid`
 */
async function requireOnRef(
  mirror: string,
  address: string,
  { commit, ref }: Subject['release'],
  signal: AbortSignal,
): Promise<void> {
  try {
    const beyond = await gitIn(mirror, signal).raw([
      'rev-list',
      '--max-count=1',
      commit,
      `^${ref}^{commit}`,
      '--',
    ]);
    if (beyond.trim() === '') return;
  } catch {
    // There is no such branch or tag.
    signal.throwIfAborted();
  }
  throw invalid(
    `commit ${commit} is not on ${ref} of ${sayRepository(address)}; a release-manager may start it by the commit alone`,
  );
}

async function hasCommit(mirror: string, commit: string, signal: AbortSignal): Promise<boolean> {
  try {
    await gitIn(mirror, signal).raw(['cat-file', '-e', `${commit}^{commit}`]);
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function withoutSecrets(error: unknown, address: string): string {
  const message = ensureError(error).message.trim();
  return secretsOf(address).reduce((text, secret) => text.replaceAll(secret, '[secret]'), message);
}
