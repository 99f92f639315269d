/**
 * What an instance writes, as log lines of the call that wrote it. Log frames name their call; bytes on the process's
 * own stdout and stderr belong to the call that started last, which is the only one where concurrency is 1.
 */
import type { Readable } from 'node:stream';
import { LineSplitter } from '../logs/lines.ts';
import type { LogSink, LogSource } from '../logs/line.ts';
import type { Call } from './call.ts';

/** How much of stderr is kept to explain a start that failed (runtimes.md §11: the last 1 KB). */
const STDERR_TAIL = 1024;

/** Whom a line is written for. */
export interface LineOwner {
  readonly requestId: string;
  readonly qualifier: string;
  readonly call: Call | undefined;
}

/** A call's first and last line (runtimes.md §12), which custom runtimes may write on their own. */
export const BRACKET = /^FC (?:Invoke|Initialize|PreFreeze|PreStop) (?:Start|End) RequestId: /;

export const NO_OWNER: LineOwner = { requestId: '', qualifier: '', call: undefined };

export class InstanceOutput {
  /** Owner of what is written outside of frames. */
  latest: LineOwner = NO_OWNER;
  readonly #source: LogSource;
  readonly #sink: LogSink;
  /** Give out the unfinished line of a pipe. */
  readonly #breakers: (() => void)[] = [];
  /** Calls with an unfinished line. */
  readonly #splitters = new Map<number, { splitter: LineSplitter; owner: LineOwner }>();
  #stderr = Buffer.alloc(0);

  constructor(source: LogSource, sink: LogSink) {
    this.#source = source;
    this.#sink = sink;
  }

  /**
   * Reads a pipe to its end.
   *
   * @param leaveOut lines that the engine writes itself; they would be there twice
   */
  capture(stream: Readable, keepTail: boolean, leaveOut: RegExp | undefined): void {
    const splitter = new LineSplitter();
    const onLine = (line: string) => {
      if (!leaveOut?.test(line)) this.line(this.latest, line);
    };
    stream.on('data', (chunk: Buffer) => {
      if (keepTail)
        this.#stderr = Buffer.concat([this.#stderr, chunk.subarray(-STDERR_TAIL)]).subarray(-STDERR_TAIL);
      splitter.push(chunk, onLine);
    });
    this.#breakers.push(() => splitter.end(onLine));
    stream.on('end', () => splitter.end(onLine));
    stream.on('error', () => stream.destroy());
  }

  get stderrTail(): string {
    return this.#stderr.toString('utf8').trim();
  }

  /** A log frame of call number `number`. */
  frame(number: number, owner: LineOwner, payload: Buffer): void {
    const open = this.#splitters.get(number);
    const splitter = open?.splitter ?? new LineSplitter();
    splitter.push(payload, (line) => this.line(owner, line));
    if (splitter.open) {
      if (!open) this.#splitters.set(number, { splitter, owner });
    } else if (open) this.#splitters.delete(number);
  }

  /** Gives out the unfinished line of a call that is over. */
  endOf(number: number): void {
    const open = this.#splitters.get(number);
    if (!open) return;
    this.#splitters.delete(number);
    open.splitter.end((line) => this.line(open.owner, line));
  }

  /**
   * Gives out what was written outside of frames and not ended by a line break, as lines of the call that started last. To
   * be called where nothing is at work: beside another call it could be the first half of that one's line.
   */
  endOfPipes(): void {
    for (const breakOff of this.#breakers) breakOff();
  }

  line(owner: LineOwner, message: string): void {
    owner.call?.tail?.add(message);
    this.#sink.write({
      timeMs: Date.now(),
      source: this.#source,
      qualifier: owner.qualifier,
      requestId: owner.requestId,
      message,
    });
  }
}
