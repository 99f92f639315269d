/** What functions say: to files, and the newest lines in memory. This installation's own secrets are masked in both. */
import { join } from 'node:path';
import type { Logger } from '../../platform/log.ts';
import { masker } from '../../platform/mask.ts';
import { FILE_SINK_DEFAULTS, FileSink } from './file.ts';
import type { LogLine, LogSink } from './line.ts';
import { RecentLines } from './recent.ts';

export class FunctionLog implements LogSink {
  readonly #recent = new RecentLines();
  readonly #file: FileSink;
  readonly #mask: (text: string) => string;

  /** @param home `SLUICE_HOME`; the files go below it. @param secrets what no line may show */
  constructor(home: string, secrets: readonly string[], log: Logger) {
    this.#file = new FileSink({ ...FILE_SINK_DEFAULTS, folder: join(home, 'engine', 'logs'), log });
    this.#mask = masker(secrets);
  }

  write(line: LogLine): void {
    const message = this.#mask(line.message);
    const masked = message === line.message ? line : { ...line, message };
    this.#recent.write(masked);
    this.#file.write(masked);
  }

  /** The newest lines of a function, oldest first. */
  recent(service: string, functionName: string): LogLine[] {
    return this.#recent.of(service, functionName);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
