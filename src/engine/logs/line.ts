/** One line of a function's log, and where lines go. Fields follow runtimes.md §12. */

/** What all lines of one instance share. */
export interface LogSource {
  readonly service: string;
  readonly function: string;
  readonly versionId: string;
  readonly instanceId: string;
  readonly logProject: string;
  readonly logStore: string;
}

export interface LogLine {
  readonly timeMs: number;
  readonly source: LogSource;
  /** Empty for lines of no call. */
  readonly qualifier: string;
  readonly requestId: string;
  /** Without its line break. */
  readonly message: string;
}

/** Takes lines and never makes its caller wait; what it cannot hold it drops and counts. */
export interface LogSink {
  write(line: LogLine): void;
  close(): Promise<void>;
}

/** Longest message; longer ones are cut with `CUT_MARK` (runtimes.md §11: 128 KiB). */
export const MAX_LINE_BYTES = 128 * 1024;
export const CUT_MARK = ' ...[cut]';
