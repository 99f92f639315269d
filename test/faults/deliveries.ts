/**
 * Webhooks that arrive while a fault lasts. A provider sends again what was not answered 2xx, so each push may be
 * refused for a while, but never with a 500, and in the end each one has led to exactly one release.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { ReleaseView } from '../../src/api/views.ts';
import type { GitProject } from '../support/git-project.ts';
import { poll } from '../support/stack.ts';
import type { World } from './world.ts';

interface Delivery {
  readonly id: string;
  readonly commit: string;
  readonly body: string;
}

export interface Answered {
  readonly delivery: Delivery;
  /** `null`: the connection was refused or lost. */
  readonly status: number | null;
  readonly retryAfter: string | null;
}

export interface Deliveries {
  /** Ends the stream; resolves with all first answers. */
  stop(): Promise<readonly Answered[]>;
}

const EVERY_MS = 1_000;
/** In a fault of minutes: all of its pushes fit on one page of releases. */
const SELDOM_MS = 5_000;
/** Some rows more and PostgreSQL needs a new page, which a full disk does not have. */
const MESSAGE_CHARACTERS = 4_000;

/** Delivers pushes of commits that do not exist: what follows from them is one failed release each. */
export function startDeliveries(
  project: GitProject,
  { isLong = false }: { readonly isLong?: boolean },
): Deliveries {
  const answers: Promise<Answered>[] = [];
  const next = (): void => {
    answers.push(deliver(project, newDelivery()));
  };
  next();
  const timer = setInterval(next, isLong ? SELDOM_MS : EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      return Promise.all(answers);
    },
  };
}

/** Sends again what was not taken, and fails where an answer or what came of the pushes is not as promised. */
export async function checkDeliveries(
  { api }: World,
  project: GitProject,
  answered: readonly Answered[],
): Promise<void> {
  const allowed = answered.filter(
    ({ status, retryAfter }) =>
      status === null || status === 202 || (status === 503 && Number(retryAfter) > 0),
  );
  expect(allowed).toEqual(answered);
  for (const { delivery, status } of answered)
    if (status !== 202)
      await poll('the push to be taken', async () => (await deliver(project, delivery)).status === 202);
  const path = `/api/v1/releases?project=${project.name}&limit=200`;
  const { releases } = await api.get<{ releases: ReleaseView[] }>(path);
  const commits = answered.map(({ delivery }) => delivery.commit);
  expect(releases.map(({ commit }) => commit).toSorted()).toEqual(commits.toSorted());
  const numbers = releases.map(({ number }) => number).toSorted((a, b) => a - b);
  expect(numbers).toEqual(commits.map((_, index) => index + 1));
  await poll('every one of them to end', async () => {
    const now = await api.get<{ releases: ReleaseView[] }>(path);
    return now.releases.every(({ endedAt }) => endedAt !== null);
  });
}

function newDelivery(): Delivery {
  const commit = randomBytes(20).toString('hex');
  const message = randomBytes(MESSAGE_CHARACTERS / 2).toString('hex');
  return { id: randomUUID(), commit, body: JSON.stringify({ ref: 'refs/heads/main', commit, message }) };
}

async function deliver({ webhook, secret }: GitProject, delivery: Delivery): Promise<Answered> {
  const headers = {
    'content-type': 'application/json',
    'x-sluice-delivery': delivery.id,
    'x-sluice-signature': `sha256=${createHmac('sha256', secret).update(delivery.body).digest('hex')}`,
  };
  try {
    const answer = await fetch(webhook, { method: 'POST', headers, body: delivery.body });
    await answer.arrayBuffer();
    return { delivery, status: answer.status, retryAfter: answer.headers.get('retry-after') };
  } catch {
    return { delivery, status: null, retryAfter: null };
  }
}
