/** GitHub's webhooks, exactly as GitHub sends them: JSON bodies, or forms with the JSON in `payload`. */
import { z } from 'zod';
import { CommitId, isNothing, parseBody, plainText, RefName, type WebhookProvider } from './provider.ts';
import { isSha256Signature } from './signature.ts';

const PushEvent = z.object({
  ref: RefName,
  before: z.string().default(''),
  after: CommitId,
  deleted: z.boolean().default(false),
  head_commit: z
    .object({
      message: plainText(4_000).default(''),
      author: z
        .object({
          name: z.string().optional(),
          username: z.string().optional(),
          email: z.string().optional(),
        })
        .optional(),
    })
    .nullish(),
  pusher: z.object({ name: plainText(200).optional() }).nullish(),
  repository: z.object({ pushed_at: z.union([z.number(), z.string()]).nullish() }).optional(),
});

export const github: WebhookProvider = {
  name: 'github',
  isSigned: (request, secret) =>
    isSha256Signature(request.header('x-hub-signature-256'), request.body, secret),
  deliveryId: (request) => request.header('x-github-delivery'),
  read(request) {
    const event = request.header('x-github-event') ?? '';
    if (event === 'ping') return { kind: 'other', event, code: 'ping', reason: 'ping' };
    if (event !== 'push')
      return {
        kind: 'other',
        event,
        code: 'event-not-released',
        reason: `only push events are released, this is ${event ? `"${event}"` : 'one without X-GitHub-Event'}`,
      };
    const push = parseBody(PushEvent, jsonText(request.header('content-type'), request.body));
    if (push.deleted || isNothing(push.after))
      return { kind: 'other', event, code: 'ref-deleted', reason: `${push.ref} was deleted` };
    const author = push.head_commit?.author;
    return {
      kind: 'push',
      push: {
        ref: push.ref,
        before: isNothing(push.before) ? '' : push.before.toLowerCase(),
        commit: push.after,
        author: author?.username ?? author?.email ?? author?.name ?? push.pusher?.name ?? '',
        message: push.head_commit?.message ?? '',
        pushedAt: String(push.repository?.pushed_at ?? ''),
      },
    };
  },
};

function jsonText(contentType: string | undefined, body: Buffer): string {
  const text = body.toString('utf8');
  if (!contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded')) return text;
  return new URLSearchParams(text).get('payload') ?? '';
}
