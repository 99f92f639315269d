/** Signing in with a token, and out again. */
import type { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { SignInPage } from '../../console/index.ts';
import { addAudit } from '../../store/audit.ts';
import {
  isFromElsewhere,
  principalOfSession,
  principalOfToken,
  requireOwnPage,
} from '../auth/authenticate.ts';
import { SESSION_COOKIE, SESSION_SECONDS } from '../auth/session.ts';
import type { ApiEnv, ApiParts } from '../parts.ts';
import { cookieOptions, formLimit, html } from './page.tsx';

/** How long a sign-in form may stand open, milliseconds. */
const FORM_MS = 60 * 60_000;

export function signInPages(app: Hono<ApiEnv>, parts: ApiParts): void {
  app.get('/sign-in', async (c) => {
    const next = ownPath(c.req.query('next'));
    if (await principalOfSession(parts, c)) return c.redirect(next, 303);
    return html(c, <SignInPage problem={null} csrf={formKey(parts)} next={next} />);
  });

  app.post('/sign-in', formLimit, async (c) => {
    const form = await c.req.parseBody();
    const next = ownPath(textOf(form['next']));
    const again = (problem: string) =>
      html(c, <SignInPage problem={problem} csrf={formKey(parts)} next={next} />, 401);
    // Signing somebody in from another site would put them into an account that is not theirs.
    if (isFromElsewhere(c, parts.config.publicUrl) || !isFormKey(parts, textOf(form['csrf'])))
      return again('The form was open too long. Try again.');
    const principal = await principalOfToken(parts, textOf(form['token']).trim());
    await addAudit(parts.db, {
      actor: principal?.name ?? 'anonymous',
      role: principal?.role ?? 'none',
      action: 'console.sign-in',
      target: 'console',
      outcome: principal ? 'ok' : 'token-invalid',
      detail: {},
    });
    if (!principal) {
      parts.metrics.refusedTokens.inc();
      return again('This token is unknown, expired or revoked.');
    }
    setCookie(c, SESSION_COOKIE, parts.sessions.open(principal.id), cookieOptions(parts, SESSION_SECONDS));
    return c.redirect(next, 303);
  });

  app.post('/sign-out', formLimit, async (c) => {
    const found = await principalOfSession(parts, c);
    if (found) {
      const form = await c.req.parseBody();
      requireOwnPage(c, found.session, textOf(form['csrf']), parts.config.publicUrl);
    }
    setCookie(c, SESSION_COOKIE, '', cookieOptions(parts, 0));
    return c.redirect('/sign-in', 303);
  });
}

export function textOf(field: unknown): string {
  return typeof field === 'string' ? field : '';
}

/** The path to go on to: one of ours, whatever the address says. */
function ownPath(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(next) ? next : '/';
}

function formKey(parts: ApiParts): string {
  return parts.sessions.seal(`sign-in ${Date.now()}`);
}

function isFormKey(parts: ApiParts, key: string): boolean {
  const [purpose, at] = (parts.sessions.unseal(key) ?? '').split(' ');
  return purpose === 'sign-in' && Date.now() - Number(at) < FORM_MS;
}
