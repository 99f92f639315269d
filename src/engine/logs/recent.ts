/** The newest lines of each function, in memory: bounded per function and in the number of functions. */
import type { LogLine, LogSink, LogSource } from './line.ts';

interface Ring {
  lines: LogLine[];
  /** Index of the oldest line that still counts. */
  first: number;
  characters: number;
  /** It made room for others. */
  isDropped: boolean;
}

export interface RecentOptions {
  readonly lines: number;
  /** UTF-16 units, all lines of one function together. */
  readonly characters: number;
  readonly functions: number;
}

const DEFAULTS: RecentOptions = { lines: 1000, characters: 256 * 1024, functions: 500 };

export class RecentLines implements LogSink {
  /** In order of last write, so the function that has been silent longest goes first. */
  readonly #rings = new Map<string, Ring>();
  /** The same by instance, which saves putting a name together for each line. */
  readonly #bySource = new WeakMap<LogSource, Ring>();
  readonly #options: RecentOptions;

  constructor(options: RecentOptions = DEFAULTS) {
    this.#options = options;
  }

  write(line: LogLine): void {
    const ring = this.#ringOf(line.source);
    ring.lines.push(line);
    ring.characters += line.message.length;
    while (
      ring.lines.length - ring.first > this.#options.lines ||
      (ring.characters > this.#options.characters && ring.lines.length - ring.first > 1)
    ) {
      ring.characters -= ring.lines[ring.first]?.message.length ?? 0;
      ring.first += 1;
    }
    // One move per `lines` writes instead of one per write.
    if (ring.first > this.#options.lines) {
      ring.lines = ring.lines.slice(ring.first);
      ring.first = 0;
    }
  }

  /** Oldest first. */
  of(service: string, functionName: string): LogLine[] {
    const ring = this.#rings.get(`${service}/${functionName}`);
    return ring ? ring.lines.slice(ring.first) : [];
  }

  close(): Promise<void> {
    this.#rings.clear();
    return Promise.resolve();
  }

  #ringOf(source: LogSource): Ring {
    const known = this.#bySource.get(source);
    if (known && !known.isDropped) return known;
    const ring = this.#ringNamed(`${source.service}/${source.function}`);
    this.#bySource.set(source, ring);
    return ring;
  }

  #ringNamed(name: string): Ring {
    const known = this.#rings.get(name);
    if (known) return known;
    const ring: Ring = { lines: [], first: 0, characters: 0, isDropped: false };
    this.#rings.set(name, ring);
    if (this.#rings.size > this.#options.functions) {
      const [oldest] = this.#rings;
      if (oldest) {
        this.#rings.delete(oldest[0]);
        oldest[1].isDropped = true;
      }
    }
    return ring;
  }
}
