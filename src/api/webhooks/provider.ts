/**
 * What a webhook provider must bring: one file a provider, named after it, behind this interface. A provider knows
 * its headers, its signature and its bodies; which environment a push is for, and what is stored, it does not know.
 */
import { z } from 'zod';
import { Problem } from '../problem.ts';

export interface WebhookRequest {
  header(name: string): string | undefined;
  /** The raw bytes: what was signed. */
  readonly body: Buffer;
}

/** A push as every provider tells it. */
export interface Push {
  /** Full ref. */
  readonly ref: string;
  /** Commit before the push, empty where there was none or the provider does not say. */
  readonly before: string;
  readonly commit: string;
  readonly author: string;
  readonly message: string;
  /** The provider's own, signed time of the push; empty where it gives none. Tells a replay from a second push. */
  readonly pushedAt: string;
}

export type WebhookMessage =
  | { readonly kind: 'push'; readonly push: Push }
  /** Nothing to release; `code` is stable, `reason` one sentence. */
  | { readonly kind: 'other'; readonly event: string; readonly code: string; readonly reason: string };

export interface WebhookProvider {
  readonly name: string;
  /** True when the request carries a signature made with `secret` over its bytes. */
  isSigned(request: WebhookRequest, secret: string): boolean;
  /** The delivery's id, or `undefined` when the request names none. */
  deliveryId(request: WebhookRequest): string | undefined;
  /** Reads a request whose signature was checked. @throws Problem 400 */
  read(request: WebhookRequest): WebhookMessage;
}

/** A ref that was deleted points to this commit. */
const NOTHING = /^0+$/;

export function isNothing(commit: string): boolean {
  return NOTHING.test(commit);
}

/** A commit's full id (SHA-1 or SHA-256). */
export const CommitId = z
  .string()
  .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i, 'a full commit id: 40 or 64 hexadecimal digits')
  .transform((id) => id.toLowerCase());

/** A ref as git allows it (`git check-ref-format`), so far as it keeps URLs, logs and command lines safe. */
export const RefName = z
  .string()
  .max(1_000)
  .regex(/^(?!-)[^\s~^:?*[\\\p{Cc}]+$/u, 'a ref, e.g. refs/heads/main');

/** Text for people, cut to `most` characters, without NUL, which PostgreSQL cannot store. */
export function plainText(most: number) {
  return z.string().transform((text) => text.replaceAll('\u0000', '').slice(0, most));
}

/** Parses JSON by a schema. @throws Problem 400 with every place that does not fit */
export function parseBody<T>(schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Problem({ status: 400, code: 'malformed-json', detail: 'the body is not JSON', cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Problem({
    status: 400,
    code: 'invalid-request',
    detail: 'the body does not fit; see errors',
    errors: parsed.error.issues.map((issue) => ({
      pointer: `/${issue.path.join('/')}`,
      detail: issue.message,
    })),
  });
}
