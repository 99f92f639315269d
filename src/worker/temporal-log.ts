/** Temporal's own log lines, those of workflows and activities among them, as pino's. */
import { ApplicationFailure } from '@temporalio/common';
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
    // A release's own failure (its build, its manifest) is told to its people by its events; it is no fault of the worker.
    const level = isOutcome(error) ? 'debug' : LEVELS[entry.level];
    log[level]({ ...meta, ...(error === undefined ? {} : { err: error as unknown }) }, entry.message);
  });
}

/** A failure that an activity ends with on purpose and that nobody retries. */
function isOutcome(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.nonRetryable === true;
}
