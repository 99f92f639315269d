/** Cuts a byte stream into lines; holds at most one unfinished line of `MAX_LINE_BYTES`. */
import { CUT_MARK, MAX_LINE_BYTES } from './line.ts';

const LINE_BREAK = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LineSplitter {
  #held: Buffer | undefined;
  /** The current line was cut: the rest of it is thrown away. */
  #skipping = false;

  /** A line has begun and not ended. */
  get open(): boolean {
    return this.#skipping || this.#held !== undefined;
  }

  /** Calls `onLine` for each line that `chunk` completes. Bytes that are no UTF-8 become U+FFFD. */
  push(chunk: Buffer, onLine: (line: string) => void): void {
    let at = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_BREAK, at);
      if (end < 0) break;
      const part = chunk.subarray(at, end);
      if (this.#skipping) this.#skipping = false;
      else onLine(textOf(this.#held ? Buffer.concat([this.#held, part]) : part));
      this.#held = undefined;
      at = end + 1;
    }
    if (at === chunk.length || this.#skipping) return;
    const rest = chunk.subarray(at);
    this.#held = this.#held ? Buffer.concat([this.#held, rest]) : Buffer.from(rest);
    if (this.#held.length <= MAX_LINE_BYTES) return;
    onLine(textOf(this.#held));
    this.#held = undefined;
    this.#skipping = true;
  }

  /** Gives out an unfinished line. The rest of one that was cut is thrown away also when it comes after this. */
  end(onLine: (line: string) => void): void {
    if (this.#held) onLine(textOf(this.#held));
    this.#held = undefined;
  }
}

function textOf(bytes: Buffer): string {
  if (bytes.length > MAX_LINE_BYTES) return bytes.toString('utf8', 0, MAX_LINE_BYTES) + CUT_MARK;
  const end = bytes[bytes.length - 1] === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  return bytes.toString('utf8', 0, end);
}
