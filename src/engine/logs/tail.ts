/** The last 4 KB of one call's log, for `X-Fc-Log-Type: Tail`. */

const TAIL_BYTES = 4096;

export class CallTail {
  #lines: string[] = [];
  #bytes = 0;

  add(line: string): void {
    this.#lines.push(line);
    this.#bytes += Buffer.byteLength(line) + 1;
    while (
      this.#lines.length > 1 &&
      this.#bytes - Buffer.byteLength(this.#lines[0] ?? '') - 1 >= TAIL_BYTES
    ) {
      this.#bytes -= Buffer.byteLength(this.#lines.shift() ?? '') + 1;
    }
  }

  /**
   * Adds the summary that tools print and gives out at most 4096 bytes.
   *
   * @param durationMs of the call; billed in whole milliseconds
   * @param memoryMb what the function may use, `peakMb` what it used at most
   */
  finish(durationMs: number, memoryMb: number, peakMb: number): Buffer {
    this.add(
      `Duration: ${durationMs.toFixed(2)} ms, Billed Duration: ${Math.ceil(durationMs)} ms, Memory Size: ${memoryMb} MB, Max Memory Used: ${peakMb.toFixed(2)} MB`,
    );
    const all = Buffer.from(this.#lines.map((line) => `${line}\n`).join(''));
    return all.length > TAIL_BYTES ? all.subarray(all.length - TAIL_BYTES) : all;
  }
}
