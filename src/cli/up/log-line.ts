/**
 * The parts write in three tongues: ours is pino, Temporal's is JSON with words as levels, PostgreSQL's is text. Here
 * each line becomes one JSON line of one shape, and its weight decides whether the terminal shows it.
 */

/** pino's levels: 30 info, 40 warn, 50 error, 60 fatal. */
export interface LogLine {
  readonly level: number;
  readonly message: string;
  /** The whole entry as one JSON line. */
  readonly json: string;
  /** Not written by a logger: a crash, or a program's own words. */
  readonly isRaw: boolean;
}

const WORDS: Readonly<Record<string, number>> = {
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  panic: 60,
};
const POSTGRES =
  /^\s*(DEBUG\d|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT):\s+(.*)$/;
const POSTGRES_LEVELS: Readonly<Record<string, number>> = {
  // An error is what a query made of itself, and its client reports it; it is not the server's.
  ERROR: 30,
  WARNING: 30,
  FATAL: 40,
  PANIC: 60,
};

/** Reads one line that `part` wrote; `now` stamps lines that bring no time. */
export function readLogLine(part: string, line: string, now: number): LogLine {
  const entry = parseObject(line);
  if (entry) {
    const level = levelOf(entry['level']);
    return { level, message: messageOf(entry), json: line, isRaw: false };
  }
  const match = part === 'postgres' ? POSTGRES.exec(line) : null;
  const level = match ? (POSTGRES_LEVELS[match[1] ?? ''] ?? 30) : part === 'postgres' ? 30 : 40;
  const message = match?.[2] ?? line;
  const json = JSON.stringify({ level, time: now, part, kind: match?.[1], msg: message });
  return { level, message, json, isRaw: true };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function levelOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? (WORDS[value.toLowerCase()] ?? 30) : 30;
}

function messageOf(entry: Record<string, unknown>): string {
  const message = typeof entry['msg'] === 'string' ? entry['msg'] : '';
  const error = entry['err'] ?? entry['error'];
  const detail =
    typeof error === 'string'
      ? error
      : typeof error === 'object' && error !== null && 'message' in error
        ? String(error.message)
        : '';
  return detail && detail !== message ? `${message}: ${detail}` : message;
}
