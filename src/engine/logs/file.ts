/**
 * Function logs in one rotating file: `functions.log`, then `functions.log.1` and so on, oldest last. A line is
 * `time<TAB>service/function<TAB>version<TAB>instance<TAB>request id<TAB>message`.
 *
 * Writing is batched and never awaited by a call. When the disk is slower than the functions, lines are dropped and
 * their number is written instead: a function that logs without end costs a bounded amount of memory.
 */
import { mkdirSync } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../platform/log.ts';
import { ensureError } from '../../platform/errors.ts';
import type { LogLine, LogSink, LogSource } from './line.ts';
import { LineBuffer } from './line-buffer.ts';

export interface FileSinkOptions {
  readonly folder: string;
  readonly log: Logger;
  /** A file that has grown past this is rotated. */
  readonly maxFileBytes: number;
  /** How many rotated files stay. */
  readonly files: number;
  /** Most characters that wait for the disk. */
  readonly maxBacklog: number;
  readonly flushMs: number;
}

export const FILE_SINK_DEFAULTS = {
  maxFileBytes: 16 * 1024 * 1024,
  files: 4,
  maxBacklog: 4 * 1024 * 1024,
  flushMs: 200,
} as const;

const FILE = 'functions.log';

export class FileSink implements LogSink {
  readonly #options: FileSinkOptions;
  readonly #waiting = new LineBuffer();
  #characters = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #handle: FileHandle | undefined;
  #size = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: FileSinkOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  write(line: LogLine): void {
    if (this.#characters > this.#options.maxBacklog) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.add(format(line));
    this.#characters += line.message.length + 100;
    this.#timer ??= setTimeout(() => this.#schedule(), this.#options.flushMs);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#schedule();
    await this.#flushing;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #schedule(): void {
    this.#timer = undefined;
    this.#flushing = this.#flushing
      .then(() => this.#flush())
      .catch((error: unknown) => {
        this.#options.log.warn({ err: ensureError(error) }, 'function logs cannot be written to their file');
      });
  }

  async #flush(): Promise<void> {
    const dropped = this.#dropped;
    if (this.#characters === 0 && dropped === 0) return;
    this.#characters = 0;
    this.#dropped = 0;
    if (dropped > 0)
      this.#waiting.add(
        `${timeText(Date.now())}\t-\t-\t-\t-\t${dropped} lines dropped: the disk is too slow\n`,
      );
    const bytes = this.#waiting.take();
    if (!this.#handle) {
      this.#handle = await open(join(this.#options.folder, FILE), 'a', 0o600);
      this.#size = (await this.#handle.stat()).size;
    }
    await this.#handle.appendFile(bytes);
    this.#size += bytes.length;
    if (this.#size > this.#options.maxFileBytes) await this.#rotate();
  }

  async #rotate(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    const path = join(this.#options.folder, FILE);
    for (let age = this.#options.files; age >= 1; age -= 1) {
      const from = age === 1 ? path : `${path}.${age - 1}`;
      await rename(from, `${path}.${age}`).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
  }
}

function format({ timeMs, source, requestId, message }: LogLine): string {
  return `${timeText(timeMs)}\t${sourceText(source)}\t${requestId || '-'}\t${message}\n`;
}

/** What stands in all lines of an instance. */
const sourceTexts = new WeakMap<LogSource, string>();

function sourceText(source: LogSource): string {
  let text = sourceTexts.get(source);
  if (text === undefined) {
    text = `${source.service}/${source.function}\t${source.versionId || 'LATEST'}\t${source.instanceId}`;
    sourceTexts.set(source, text);
  }
  return text;
}

let lastMs = Number.NaN;
let lastText = '';

/** Lines come many to a millisecond. */
function timeText(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
