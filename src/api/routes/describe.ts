/** Shorthands for describing routes, so that every route says the same things in the same way. */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { ApiEnv } from '../parts.ts';
import { Problem } from '../problem.ts';
import { ProblemSchema } from '../schema/common.ts';

/** An empty app for a group of routes: what does not fit its schema becomes a problem document. */
export function createRoutes(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.target, result.error.issues);
    },
  });
}

export function invalidRequest(
  target: string,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): Problem {
  const places: Readonly<Record<string, string>> = { json: '', query: '?', param: '', header: 'header ' };
  const errors = issues.map((issue) => ({
    pointer: `${places[target] ?? ''}${target === 'json' ? '/' : ''}${issue.path.join('/')}`,
    detail: issue.message,
  }));
  const first = errors[0];
  return new Problem({
    status: 422,
    code: 'invalid-request',
    detail: first ? `${first.pointer || 'the body'}: ${first.detail}` : 'the request does not fit',
    errors,
  });
}

export function answer<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** A body that must be there. */
export function body<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}

/** How every route answers when it does not do what was asked. */
export const PROBLEMS = {
  default: {
    description: 'A problem document (RFC 9457); `code` is stable',
    content: { 'application/problem+json': { schema: ProblemSchema } },
  },
} as const;

export const BEARER = [{ bearer: [] }];

export const IdempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi({ description: 'Requests of one person with the same key count once' }),
});
