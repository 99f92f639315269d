/** Sign-in with a token; the API answers with a session cookie. */
import type { FC } from 'hono/jsx';
import { Layout } from './layout.tsx';

export const SignInPage: FC<{ problem: string | null; csrf: string; next: string }> = ({
  problem,
  csrf,
  next,
}) => (
  <Layout title="Sign in" viewer={null} live={null}>
    <section class="sign-in" aria-labelledby="sign-in">
      <h1 id="sign-in">Sign in</h1>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <form method="post" action="/sign-in" class="act">
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="next" value={next} />
        <label for="token">Access token</label>
        <input
          id="token"
          name="token"
          type="password"
          required
          autocomplete="current-password"
          spellcheck={false}
        />
        <div class="buttons">
          <button class="good" type="submit">
            Sign in
          </button>
        </div>
      </form>
      <p class="quiet">
        On the machine that runs Sluice, the administrator’s token is <code>adminToken</code> in{' '}
        <code>credentials.json</code> of its home.
      </p>
    </section>
  </Layout>
);

/** A page for what is not there or not allowed. */
export const ProblemPage: FC<{ status: number; title: string; detail: string }> = ({
  status,
  title,
  detail,
}) => (
  <Layout title={title} viewer={null} live={null}>
    <section class="sign-in">
      <h1>
        {title} <span class="quiet">{status}</span>
      </h1>
      <p>{detail}</p>
      <p>
        <a href="/">Back to the environments</a>
      </p>
    </section>
  </Layout>
);
