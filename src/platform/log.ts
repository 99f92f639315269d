/** Structured logs by pino: pretty on a terminal, JSON lines otherwise. Secrets are censored by name here, once. */
import { pino, type Logger } from 'pino';

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
  const pretty = process.stdout.isTTY;
  return pino({
    level,
    base: { part },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    ...(pretty
      ? {
          transport: {
            target: 'pino-pretty',
            options: { ignore: 'pid,hostname,part', messageFormat: '{part}: {msg}' },
          },
        }
      : {}),
  });
}
