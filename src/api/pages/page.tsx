/** From a component to an answer, and from a request to who looks at the page. */
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { html as template } from 'hono/html';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { ProblemPage, type Viewer } from '../../console/index.ts';
import { principalOfSession } from '../auth/authenticate.ts';
import type { Principal } from '../auth/principal.ts';
import type { Session } from '../auth/session.ts';
import type { ApiParts } from '../parts.ts';
import { tooLarge, type Problem } from '../problem.ts';

/** A signed-in person. */
export interface Visitor {
  readonly principal: Principal;
  readonly session: Session;
  readonly viewer: Viewer;
}

/** A form holds a token or a comment, no more. */
export const formLimit = bodyLimit({
  maxSize: 64 * 1024,
  onError: () => {
    throw tooLarge('64 KB');
  },
});

const NOTICE_COOKIE = 'sluice_notice';

export function html(
  c: Context,
  page: JSX.Element,
  status: 200 | 401 | 403 | 404 | 503 = 200,
): Response | Promise<Response> {
  c.header('cache-control', 'no-store');
  return c.html(template`<!doctype html>${page}`, status);
}

/** The visitor, or the answer that leads to the sign-in page. */
export async function visitorOf(parts: ApiParts, c: Context): Promise<Visitor | Response> {
  const found = await principalOfSession(parts, c);
  if (found) {
    const { principal, session } = found;
    return {
      principal,
      session,
      viewer: { name: principal.name, role: principal.role, csrf: session.csrf },
    };
  }
  // A strict cookie does not come along when a link on another site leads here: load once more, from here.
  if (c.req.header('sec-fetch-site') === 'cross-site' && c.req.method === 'GET') {
    c.header('refresh', '0');
    return html(c, <ProblemPage status={200} title="One moment" detail="Loading the page." />);
  }
  const next = c.req.method === 'GET' ? `?next=${encodeURIComponent(pathOf(c))}` : '';
  return c.redirect(`/sign-in${next}`, 303);
}

/** A message for the next page this visitor loads; signed, because it is shown as ours. */
export function leaveNotice(parts: ApiParts, c: Context, text: string): void {
  setCookie(c, NOTICE_COOKIE, parts.sessions.seal(text.slice(0, 1_000)), cookieOptions(parts, 60));
}

export function takeNotice(parts: ApiParts, c: Context): string | null {
  const sealed = getCookie(c, NOTICE_COOKIE);
  if (sealed === undefined) return null;
  setCookie(c, NOTICE_COOKIE, '', cookieOptions(parts, 0));
  return parts.sessions.unseal(sealed) ?? null;
}

export function cookieOptions(parts: Pick<ApiParts, 'config'>, maxAge: number) {
  return {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: parts.config.publicUrl.startsWith('https:'),
    maxAge,
  } as const;
}

/** True where a browser asks for a page, not a program for data. */
export function wantsPage(c: Context): boolean {
  const { path } = c.req;
  const forPrograms =
    path.startsWith('/api/') || path.startsWith('/webhooks/') || path.startsWith('/assets/');
  return !forPrograms && (c.req.header('accept') ?? '').includes('text/html');
}

export function problemPage(c: Context, problem: Problem): Response | Promise<Response> {
  const status = [401, 403, 404, 503].find((known) => known === problem.status) as 401 | undefined;
  const document = problem.toDocument();
  const page = <ProblemPage status={problem.status} title={document.title} detail={problem.message} />;
  return html(c, page, status ?? 503);
}

function pathOf(c: Context): string {
  const url = new URL(c.req.url);
  return url.pathname + url.search;
}
