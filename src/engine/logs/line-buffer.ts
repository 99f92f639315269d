/**
 * Lines that wait for the disk, as bytes already: thousands of objects that live for a fraction of a second are what a
 * garbage collector is worst at, and two lines a call were a good part of what survived its rounds.
 */
const PIECE_BYTES = 64 * 1024;

export class LineBuffer {
  #full: Buffer[] = [];
  #piece = Buffer.alloc(0);
  #filled = 0;

  add(text: string): void {
    // A UTF-16 unit is at most three bytes of UTF-8.
    const mostBytes = text.length * 3;
    if (this.#piece.length - this.#filled < mostBytes) {
      this.#full.push(this.#piece.subarray(0, this.#filled));
      this.#piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, mostBytes));
      this.#filled = 0;
    }
    this.#filled += this.#piece.write(text, this.#filled, 'utf8');
  }

  /** All lines since the last time. */
  take(): Buffer {
    const bytes = Buffer.concat([...this.#full, this.#piece.subarray(0, this.#filled)]);
    this.#full = [];
    this.#filled = 0;
    return bytes;
  }
}
