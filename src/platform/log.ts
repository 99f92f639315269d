/** Structured logs by pino: pretty on a terminal, JSON lines otherwise. Secrets are censored by name here, once. */
import { pino, type Logger, type LoggerOptions } from 'pino';

export type { Logger } from 'pino';

/** Field names whose values never reach a log, at the top level or one below it. */
const SECRET_FIELDS = [
  'secret',
  'webhookSecret',
  'accessKeySecret',
  'adminToken',
  'token',
  'authorization',
  'password',
];

/**
 * The root logger of a process.
 *
 * @param part name of the process (`engine`, `worker`, `api`, `supervisor`), on every line
 * @param level lowest level that is written
 */
export function createLog(part: string, level: string): Logger {
  const options: LoggerOptions = {
    level,
    base: { part },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
  };
  if (!process.stdout.isTTY) return pino(options, survivingStdout());
  const pretty = { ignore: 'pid,hostname,part', messageFormat: '{part}: {msg}' };
  return pino({ ...options, transport: { target: 'pino-pretty', options: pretty } });
}

/**
 * stdout that forgets lines when its reader is gone. pino's own destination (sonic-boom 4.2) tries a broken pipe again
 * and again at exit, for ever, so a process whose supervisor was killed would never end.
 */
function survivingStdout(): NodeJS.WriteStream {
  if (process.stdout.listenerCount('error', ignoreBrokenPipe) === 0)
    process.stdout.on('error', ignoreBrokenPipe);
  return process.stdout;
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
