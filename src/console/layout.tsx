/** The frame of every page: head, top bar, main. Nothing inline: the CSP allows own style sheets and scripts only. */
import type { Child, FC } from 'hono/jsx';
import type { Viewer } from './viewer.ts';

export interface LayoutProps {
  readonly title: string;
  /** `null` on the sign-in page. */
  readonly viewer: Viewer | null;
  /** Address of the event stream that makes the page refresh itself; `null`: a page that does not change. */
  readonly live: string | null;
  readonly children: Child;
}

export const Layout: FC<LayoutProps> = ({ title, viewer, live, children }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{title} · Sluice</title>
      <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/assets/sluice.css" />
      {live !== null && <script src="/assets/live.js" defer></script>}
    </head>
    <body data-live={live ?? undefined}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
            <path d="M3 4h4v16H3zM17 4h4v16h-4z" fill="currentColor" />
            <path d="M8 9h8M8 13h8M8 17h8" stroke="currentColor" stroke-width="2" opacity=".55" />
          </svg>
          Sluice
        </a>
        {viewer && (
          <div class="who">
            <span class="live-state" role="status" aria-live="polite"></span>
            <span>
              {viewer.name} <span class="quiet">({viewer.role})</span>
            </span>
            <form method="post" action="/sign-out">
              <input type="hidden" name="csrf" value={viewer.csrf} />
              <button class="link" type="submit">
                Sign out
              </button>
            </form>
          </div>
        )}
      </header>
      <main id="main">{children}</main>
    </body>
  </html>
);
