/** From a request to its principal: a bearer token, or the console's session cookie. */
import { timingSafeEqual, createHash } from 'node:crypto';
import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import { findTokenById, findTokenBySecret, type Token } from '../../store/tokens.ts';
import type { ApiEnv, ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { ADMIN, type Principal } from './principal.ts';
import { SESSION_COOKIE, type Session } from './session.ts';

/** The principal of a token, or `undefined` when the token is not good now. */
export async function principalOfToken(parts: ApiParts, secret: string): Promise<Principal | undefined> {
  if (sameText(secret, parts.adminToken)) return ADMIN;
  const token = await findTokenBySecret(parts.db, secret);
  return token && principalOf(token);
}

/** Principal and session of the console's cookie, or `undefined`. */
export async function principalOfSession(
  parts: ApiParts,
  c: Context,
): Promise<{ readonly principal: Principal; readonly session: Session } | undefined> {
  const session = parts.sessions.read(getCookie(c, SESSION_COOKIE) ?? '');
  if (!session) return undefined;
  if (session.sub === ADMIN.id) return { principal: ADMIN, session };
  const token = await findTokenById(parts.db, session.sub);
  return token && { principal: principalOf(token), session };
}

/** Lets only known principals through; a cookie alone changes nothing without the page's own CSRF token. */
export function authenticate(parts: ApiParts) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const header = c.req.header('authorization');
    if (header !== undefined) c.set('principal', await bearer(parts, header));
    else {
      const found = await principalOfSession(parts, c);
      if (!found)
        throw unauthenticated('token-missing', 'send a token as "Authorization: Bearer <token>" or sign in');
      if (!['GET', 'HEAD', 'OPTIONS'].includes(c.req.method))
        requireOwnPage(c, found.session, c.req.header('x-sluice-csrf'), parts.config.publicUrl);
      c.set('principal', found.principal);
    }
    await next();
  });
}

/**
 * That a request with a cookie comes from a page of ours: the session's CSRF token came along, and the browser names
 * no other site as its origin.
 *
 * @throws Problem 403 `csrf`
 */
export function requireOwnPage(
  c: Context,
  session: Session,
  csrf: string | undefined,
  publicUrl: string,
): void {
  if (!isFromElsewhere(c, publicUrl) && csrf !== undefined && sameText(csrf, session.csrf)) return;
  throw new Problem({
    status: 403,
    code: 'csrf',
    detail: 'this request did not come from a page of this console; load the page again and repeat',
  });
}

/** True when the browser says that another site's page made the request. */
export function isFromElsewhere(c: Context, publicUrl: string): boolean {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  const own = [
    `http://${c.req.header('host')}`,
    `https://${c.req.header('host')}`,
    new URL(publicUrl).origin,
  ];
  return (
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && !own.includes(origin))
  );
}

async function bearer(parts: ApiParts, header: string): Promise<Principal> {
  const secret = /^Bearer +([\w.~+/=-]+) *$/i.exec(header)?.[1];
  const principal = secret === undefined ? undefined : await principalOfToken(parts, secret);
  if (principal) return principal;
  parts.metrics.refusedTokens.inc();
  throw unauthenticated('token-invalid', 'the token is unknown, expired or revoked');
}

function principalOf(token: Token): Principal {
  return { id: token.id, name: token.name, role: token.role, projects: token.projects };
}

function unauthenticated(code: string, detail: string): Problem {
  return new Problem({
    status: 401,
    code,
    detail,
    headers: { 'www-authenticate': 'Bearer realm="sluice"' },
  });
}

/** Compares in constant time; the digests make both sides equally long. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
