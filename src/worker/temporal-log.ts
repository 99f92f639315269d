/** Temporal's own log lines, those of workflows and activities among them, as pino's. */
import { DefaultLogger, type LogLevel } from '@temporalio/worker';
import type { Logger } from '../platform/log.ts';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Said at every start of a worker that has activities only, as three of ours do on purpose. */
const EXPECTED = 'No workflows registered';

/** A logger for `Runtime.install`. Its INFO tells of every poller; that is debug to us. */
export function temporalLogger(log: Logger): DefaultLogger {
  const level: LogLevel = log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN';
  return new DefaultLogger(level, (entry) => {
    if (entry.message.startsWith(EXPECTED)) return;
    const { error, ...meta } = entry.meta ?? {};
    log[LEVELS[entry.level]](
      { ...meta, ...(error === undefined ? {} : { err: error as unknown }) },
      entry.message,
    );
  });
}
