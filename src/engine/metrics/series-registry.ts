/** All series of this engine, by service. */
import { Series, type SeriesKey, type StoredSeries } from './series.ts';

export class SeriesRegistry {
  readonly #byService = new Map<string, Map<string, Series>>();
  /** Dropped here, still to be deleted where they are stored. */
  #dropped: SeriesKey[] = [];

  constructor(stored: readonly StoredSeries[]) {
    for (const series of stored) this.#add(new Series(series));
  }

  /** The series of a key, opened with zeros at its first call. */
  open(key: SeriesKey): Series {
    const known = this.#byService.get(key.service)?.get(textOf(key));
    if (known) return known;
    const fresh = new Series({
      ...key,
      totals: { requests: 0, failures: 0, coldStarts: 0 },
      consecutiveFailures: 0,
      buckets: [],
      latencies: [],
    });
    this.#add(fresh);
    return fresh;
  }

  *all(): Generator<Series> {
    for (const group of this.#byService.values()) yield* group.values();
  }

  /** Series of a function as called through `qualifier`, whatever version ran. */
  of(service: string, name: string, qualifier: string): Series[] {
    return [...(this.#byService.get(service)?.values() ?? [])].filter(
      ({ key }) => key.function === name && key.qualifier === qualifier,
    );
  }

  /** Forgets the series of a service whose version or function is no more: a new one of the name starts from zero. */
  retain(service: string, isThere: (key: SeriesKey) => boolean): void {
    const group = this.#byService.get(service);
    for (const [text, { key }] of group ?? []) {
      if (isThere(key)) continue;
      group?.delete(text);
      this.#dropped.push(key);
    }
    if (group?.size === 0) this.#byService.delete(service);
  }

  get services(): string[] {
    return [...this.#byService.keys()];
  }

  takeDropped(): SeriesKey[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  restoreDropped(keys: readonly SeriesKey[]): void {
    this.#dropped.push(...keys);
  }

  #add(series: Series): void {
    const { service } = series.key;
    let group = this.#byService.get(service);
    if (!group) {
      group = new Map();
      this.#byService.set(service, group);
    }
    group.set(textOf(series.key), series);
  }
}

/** No name has a slash. */
function textOf(key: SeriesKey): string {
  return `${key.function}/${key.qualifier}/${key.version}`;
}
