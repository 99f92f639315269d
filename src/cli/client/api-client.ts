/** Calls of the HTTP API; a problem document becomes a CommandError with the exit code of its status. */
import type { ProblemView } from '../../api/views.ts';
import { ensureError } from '../../platform/errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { CommandError } from './command-error.ts';
import type { Target } from './target.ts';

/** Acts answer after 5 s at the latest, so a longer silence is a fault. */
const ANSWER_MS = 30_000;

type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiClient {
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  patch<T>(path: string, body: object): Promise<T>;
  /** Answers nothing. */
  delete(path: string, query?: Query): Promise<void>;
  /** A GET whose answer is a stream; the caller reads and ends it. */
  open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>;
}

export function createApiClient({ url, token }: Target): ApiClient {
  async function send(path: string, init: RequestInit): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(`${url}${path}`, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` },
      });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new CommandError(
        EXIT.unreachable,
        `${url} does not answer (${reasonOf(error)}). Is it up? "sluice up" starts it here.`,
        {
          cause: error,
        },
      );
    }
    if (!answer.ok) throw await failureOf(answer);
    return answer;
  }
  async function sendBody<T>(method: string, path: string, body: object): Promise<T> {
    const answer = await send(path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return (await answer.json()) as T;
  }
  return {
    get: async <T>(path: string, query: Query = {}) => {
      const answer = await send(`${path}${queryText(query)}`, { signal: AbortSignal.timeout(ANSWER_MS) });
      return (await answer.json()) as T;
    },
    post: <T>(path: string, body: object) => sendBody<T>('POST', path, body),
    patch: <T>(path: string, body: object) => sendBody<T>('PATCH', path, body),
    delete: async (path: string, query: Query = {}) => {
      const answer = await send(`${path}${queryText(query)}`, {
        method: 'DELETE',
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      await answer.body?.cancel();
    },
    open: (path, headers, signal) => send(path, { headers, signal }),
  };
}

function queryText(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size > 0 ? `?${search.toString()}` : '';
}

async function failureOf(answer: Response): Promise<CommandError> {
  const text = await answer.text();
  let problem: Partial<ProblemView> = {};
  try {
    problem = JSON.parse(text) as Partial<ProblemView>;
  } catch {
    // Not from Sluice: a proxy, or another server on this port.
  }
  const said = problem.detail ?? problem.title ?? (text.slice(0, 200) || answer.statusText);
  const fields = (problem.errors ?? []).map((error) => `\n  ${error.pointer}: ${error.detail}`).join('');
  const code = problem.code ? ` [${problem.code}]` : '';
  return new CommandError(exitCodeOf(answer.status), `${said}${code}${fields}`);
}

function exitCodeOf(status: number): ExitCode {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return EXIT.usage;
    case 401:
      return EXIT.unauthenticated;
    case 404:
      return EXIT.notFound;
    case 403:
    case 409:
    case 412:
      return EXIT.refused;
    case 502:
    case 503:
    case 504:
      return EXIT.unreachable;
    default:
      return EXIT.failed;
  }
}

function reasonOf(error: unknown): string {
  const { cause } = ensureError(error);
  return cause instanceof Error
    ? cause.message || String((cause as NodeJS.ErrnoException).code)
    : ensureError(error).message;
}
