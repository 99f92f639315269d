/**
 * Any git server that can run a hook: `{"ref", "commit", "before"?, "author"?, "message"?, "pushedAt"?}`, signed.
 * Without `pushedAt`, a push from and to the same commits of the same ref counts as a replay.
 */
import { z } from 'zod';
import { CommitId, isNothing, parseBody, plainText, RefName, type WebhookProvider } from './provider.ts';
import { isSha256Signature } from './signature.ts';

const GenericPush = z.object({
  ref: RefName,
  commit: CommitId,
  before: z.string().max(64).default(''),
  author: plainText(200).default(''),
  message: plainText(4_000).default(''),
  pushedAt: z.union([z.string().max(100), z.number()]).default(''),
});

export const generic: WebhookProvider = {
  name: 'generic',
  isSigned: (request, secret) =>
    isSha256Signature(request.header('x-sluice-signature'), request.body, secret),
  deliveryId: (request) => request.header('x-sluice-delivery'),
  read(request) {
    const push = parseBody(GenericPush, request.body.toString('utf8'));
    // A bare name is a branch: what a person types first.
    const ref = push.ref.startsWith('refs/') ? push.ref : `refs/heads/${push.ref}`;
    if (isNothing(push.commit))
      return { kind: 'other', event: 'push', code: 'ref-deleted', reason: `${ref} was deleted` };
    return {
      kind: 'push',
      push: {
        ref,
        before: isNothing(push.before) ? '' : push.before.toLowerCase(),
        commit: push.commit,
        author: push.author,
        message: push.message,
        pushedAt: String(push.pushedAt),
      },
    };
  },
};
