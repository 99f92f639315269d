/** What counts as a leak: figures of a quiet engine against those before its first call, and the floor of its memory over time. */

/** Kept on purpose: connections to PostgreSQL (8), the helper that reaches custom runtimes, the log files. */
const DESCRIPTORS_MORE = 24;
/** The helpers that reach custom runtimes and that give waiting runtimes their code. */
const PROCESSES_MORE = 2;
/** How much higher the floor of the last part of a run may be than that of the first part after warming up. */
const GROWTH = 1.25;
const GROWTH_MB = { heapMb: 12, rssMb: 48 };
/** Megabytes that logs and results may take on disk; they are turned and bounded. */
const DISK_MB = 400;

/** Figures along a run. A floor is used because what lies above it is garbage that was not collected yet. */
export class Watch {
  #taken = [];

  add(figures) {
    this.#taken.push(figures);
  }

  /** Lowest of a part of the run, from `from` to `to` (0…1). */
  floor(name, from, to) {
    const count = this.#taken.length;
    const part = this.#taken.slice(Math.floor(count * from), Math.max(1, Math.ceil(count * to)));
    return Math.min(...part.map((figures) => figures[name]));
  }

  get pids() {
    return new Set(this.#taken.map(({ engine }) => engine));
  }

  text(before, after) {
    const most = Math.max(0, ...this.#taken.map(({ instances }) => instances));
    const row = (name) =>
      `${name}: ${before[name].toFixed(0)} before, floor ${this.floor(name, 0.15, 0.4).toFixed(0)} early and ${this.floor(name, 0.75, 1).toFixed(0)} late, ${after[name].toFixed(0)} at rest`;
    return [
      row('heapMb'),
      row('rssMb'),
      row('externalMb'),
      `most instances at once: ${most}`,
      `descriptors: ${JSON.stringify(before.descriptors)} before, ${JSON.stringify(after.descriptors)} at rest`,
      `child processes: ${before.childProcesses} before, ${after.childProcesses} at rest`,
      `on the host: ${JSON.stringify(before.host)} before, ${JSON.stringify(after.host)} at rest`,
      `disk in MB: ${JSON.stringify(before.diskMb)} before, ${JSON.stringify(after.diskMb)} at rest`,
    ].join('\n');
  }
}

/** @returns a sentence for each leak */
export function findLeaks(before, watch, after) {
  const faults = [];
  const most = (what, value, limit) => {
    if (!(value <= limit))
      faults.push(`${what}: ${Math.round(value)} at rest, at most ${Math.round(limit)} expected`);
  };
  if (after.engine !== before.engine || watch.pids.size > 1) faults.push('the engine was started again');
  most('instances', after.instances, 0);
  most('descriptors', sum(after.descriptors), sum(before.descriptors) + DESCRIPTORS_MORE);
  most('child processes', after.childProcesses, before.childProcesses + PROCESSES_MORE);
  for (const [name, value] of Object.entries(after.host)) most(name, value, before.host[name]);
  for (const [name, moreMb] of Object.entries(GROWTH_MB)) {
    const limit = watch.floor(name, 0.15, 0.4) * GROWTH + moreMb;
    const late = watch.floor(name, 0.75, 1);
    if (!(late <= limit))
      faults.push(`${name}: its floor rose to ${late.toFixed(0)} MB, at most ${limit.toFixed(0)} expected`);
    most(name, after[name], limit);
  }
  most('disk, MB', sum(after.diskMb), DISK_MB);
  return faults;
}

/** What an engine left that ended in good order. */
export function findLeft(host) {
  return Object.entries(host).flatMap(([name, count]) =>
    count === 0 ? [] : [`${name}: ${count} left behind by an engine that ended in good order`],
  );
}

function sum(figures) {
  return Object.values(figures).reduce((all, value) => all + value, 0);
}
