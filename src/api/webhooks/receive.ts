/**
 * A signed webhook, from bytes to stored releases. One PostgreSQL transaction and nothing else: Temporal may be down,
 * the outbox hands over later.
 */
import { createHash } from 'node:crypto';
import { newId } from '../../platform/new-id.ts';
import { releasesRef } from '../../domain/plan/refs.ts';
import type { DeliveryEffect, DeliveryOutcome } from '../../store/deliveries.ts';
import type { Project, WebhookProject } from '../../store/projects.ts';
import type { NewRelease } from '../../store/releases.ts';
import { retryWhileLost } from '../database-retry.ts';
import type { ApiParts } from '../parts.ts';
import { notFound, Problem } from '../problem.ts';
import { LATER_PROVIDERS } from '../schema/project.ts';
import { generic } from './generic.ts';
import { github } from './github.ts';
import type { Push, WebhookMessage, WebhookProvider, WebhookRequest } from './provider.ts';

const PROVIDERS: ReadonlyMap<string, WebhookProvider> = new Map([github, generic].map((p) => [p.name, p]));

/** How long a delivery waits for a database that restarts; providers give up after 10 s. Milliseconds. */
const PATIENCE_MS = 5_000;

/** A project that is changed each time it was read cannot be told from one that is broken. */
const MOST_READINGS = 10;

/** @throws Problem 404 */
export function webhookProvider(name: string): WebhookProvider {
  const provider = PROVIDERS.get(name);
  if (provider) return provider;
  const known = [...PROVIDERS.keys()].join(', ');
  const later = (LATER_PROVIDERS as readonly string[]).includes(name);
  throw new Problem({
    status: 404,
    code: later ? 'provider-unsupported' : 'not-found',
    detail: later
      ? `${name} webhooks are not read yet; use ${known}`
      : `there is no webhook provider "${name}"; use ${known}`,
  });
}

/**
 * The project a webhook is for, with the secret that its signature is checked by, as it was read at some time.
 *
 * @throws Problem 404
 */
export function webhookTarget({ deliveries }: ApiParts, name: string): Promise<WebhookProject> {
  return found(name, () => deliveries.project(name));
}

async function found(name: string, read: () => Promise<WebhookProject | undefined>): Promise<WebhookProject> {
  const target = await retryWhileLost(read, PATIENCE_MS);
  if (!target) throw notFound(`project ${name}`);
  return target;
}

export interface Received {
  readonly outcome: DeliveryOutcome;
  /** Releases of the outcome that were stored just now. */
  readonly made: readonly string[];
}

/** Checks the signature, then stores what follows. @param known as `webhookTarget` gives it. @throws Problem 400, 401, 404, 409 */
export async function receiveWebhook(
  parts: ApiParts,
  provider: WebhookProvider,
  known: WebhookProject,
  request: WebhookRequest,
): Promise<Received> {
  const { name } = known.project;
  let target = known;
  for (let readings = 0; readings < MOST_READINGS; readings += 1) {
    if (provider.isSigned(request, target.webhookSecret)) {
      const result = await receiveSigned(parts, provider, target, request);
      if (result !== 'project-changed') return result;
    } else if (readings > 0) return refuse(parts, provider, name, request);
    // It may have another secret, or other branches, by now.
    target = await found(name, () => parts.deliveries.projectNow(name));
  }
  throw new Error(`the project ${name} was changed while a webhook was read, ${MOST_READINGS} times`);
}

async function refuse(
  parts: ApiParts,
  provider: WebhookProvider,
  project: string,
  request: WebhookRequest,
): Promise<never> {
  parts.metrics.webhooks.inc({ provider: provider.name, outcome: 'refused' });
  await parts.refusals.note({
    project,
    provider: provider.name,
    delivery: provider.deliveryId(request) ?? '',
  });
  throw new Problem({
    status: 401,
    code: 'signature-invalid',
    detail: `the ${provider.name} signature is missing or was not made with this project's webhookSecret over these bytes`,
  });
}

async function receiveSigned(
  parts: ApiParts,
  provider: WebhookProvider,
  { project, version }: WebhookProject,
  request: WebhookRequest,
): Promise<Received | 'project-changed'> {
  const id = provider.deliveryId(request);
  if (!id || id.length > 200)
    throw new Problem({
      status: 400,
      code: 'delivery-id-missing',
      detail: 'name the delivery by its header (X-GitHub-Delivery, X-Sluice-Delivery), 1–200 characters',
    });
  const message = provider.read(request);
  const delivery = {
    project: project.name,
    provider: provider.name,
    delivery: id,
    event: message.kind === 'push' ? 'push' : message.event,
    bodySha256: createHash('sha256').update(request.body).digest('hex'),
  };
  const effect = effectOf(project, message);
  const result = await retryWhileLost(
    () => parts.deliveries.accept({ delivery, effect, version }),
    PATIENCE_MS,
  );
  if (result.kind === 'project-changed') return result.kind;
  if (result.kind === 'id-reused')
    throw new Problem({
      status: 409,
      code: 'delivery-id-reused',
      detail: `the delivery id ${id} came before with another body; give each delivery an id of its own`,
    });
  const outcome = result.outcome;
  parts.metrics.webhooks.inc({
    provider: provider.name,
    outcome: result.kind === 'repeated' ? 'repeated' : outcome.ignored ? 'ignored' : 'stored',
  });
  return { outcome, made: result.kind === 'stored' ? result.made : [] };
}

/** Why nothing follows from a message, or the releases that do. */
function effectOf(project: Project, message: WebhookMessage): DeliveryEffect {
  if (message.kind === 'other') return { code: message.code, reason: message.reason };
  const { push } = message;
  const environments = project.environments.filter((e) => releasesRef(e, push.ref));
  if (environments.length > 0)
    return { releases: environments.map((e) => newRelease(project.name, e.name, push)) };
  const rules = project.environments.map(
    (e) => `${e.name}: ${[...e.branches, ...e.tags.map((tag) => `tag ${tag}`)].join(', ') || 'nothing'}`,
  );
  return {
    code: 'ref-not-released',
    reason: `no environment of ${project.name} releases ${push.ref} (${rules.join('; ')})`,
  };
}

function newRelease(project: string, environment: string, push: Push): NewRelease {
  return {
    id: newId(),
    project,
    environment,
    ref: push.ref,
    commit: push.commit,
    before: push.before,
    author: push.author,
    message: push.message,
    cause: 'push',
    startedBy: '',
    dryRun: false,
    dedupeKey: JSON.stringify([push.ref, push.before, push.commit, push.pushedAt]),
    at: Date.now(),
  };
}
