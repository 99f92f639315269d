/**
 * Console sessions: a signed cookie that names a token, with an end. It carries no right of its own: every request
 * looks the token up again, so revoking a token ends its sessions. The key is derived from the admin token: all API
 * processes share it, and a new admin token ends every session.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export const SESSION_COOKIE = 'sluice_session';
export const SESSION_SECONDS = 12 * 60 * 60;

const SessionSchema = z.object({
  /** Id of the token, `admin` for the installation's own. */
  sub: z.string(),
  /** Unix milliseconds. */
  exp: z.number(),
  /** What forms and scripts give back to show that they came from a page of ours. */
  csrf: z.string(),
});
export type Session = z.infer<typeof SessionSchema>;

export interface Sessions {
  /** The cookie's value for a token. */
  open(tokenId: string): string;
  /** The session of a cookie's value; `undefined` when forged, cut or expired. */
  read(cookie: string): Session | undefined;
  /** Signs a short text that comes back by a cookie, e.g. a message for the next page. */
  seal(text: string): string;
  unseal(sealed: string): string | undefined;
}

export function createSessions(adminToken: string, now: () => number = Date.now): Sessions {
  const key = Buffer.from(hkdfSync('sha256', adminToken, 'sluice', 'console-session', 32));

  function sign(purpose: string, text: string): string {
    const body = Buffer.from(text).toString('base64url');
    return `${body}.${mac(key, purpose, body).toString('base64url')}`;
  }
  function open(purpose: string, sealed: string): string | undefined {
    const [body = '', signature = ''] = sealed.split('.');
    const given = Buffer.from(signature, 'base64url');
    const wanted = mac(key, purpose, body);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
    return Buffer.from(body, 'base64url').toString();
  }
  return {
    open: (sub) =>
      sign(
        'session',
        JSON.stringify({
          sub,
          exp: now() + SESSION_SECONDS * 1_000,
          csrf: randomBytes(16).toString('base64url'),
        } satisfies Session),
      ),
    read: (cookie) => {
      const text = open('session', cookie);
      if (text === undefined) return undefined;
      const session = SessionSchema.safeParse(JSON.parse(text));
      return session.success && session.data.exp > now() ? session.data : undefined;
    },
    seal: (text) => sign('seal', text),
    unseal: (sealed) => open('seal', sealed),
  };
}

function mac(key: Buffer, purpose: string, body: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}:${body}`).digest();
}
