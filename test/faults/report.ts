/** The table of docs/reliability.md, from what the run measured; `bootstrap/faults.mjs` puts it into its place. */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Fault } from './faults.ts';
import { MOMENTS } from './moments.ts';
import type { Outcome } from './round.ts';

interface Row {
  readonly title: string;
  faultMs: number | null;
  skipped: string | null;
  /** Moment → what came of it. */
  readonly cells: Map<string, string>;
}

export class ReliabilityTable {
  readonly #rows = new Map<string, Row>();

  addSkipped(fault: Fault, reason: string): void {
    this.#row(fault).skipped = reason;
  }

  addFault(fault: Fault, faultMs: number): void {
    this.#row(fault).faultMs = faultMs;
  }

  /** Only outcomes whose promises all held come here. */
  addOutcome(fault: Fault, { subject, stoodMs }: Outcome): void {
    const { key, end } = subject.moment;
    this.#row(fault).cells.set(key, `${end}, ${seconds(stoodMs)}`);
  }

  write(path: string): void {
    writeFileSync(path, this.text());
  }

  text(): string {
    const [cpu] = cpus();
    const cores = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
    const lines = [
      `Written by \`npm run test:faults\` on ${new Date().toISOString().slice(0, 10)} (${cores}, Node ${process.version}).`,
      '',
      `| fault | over after | ${MOMENTS.map(({ title }) => title).join(' | ')} |`,
      `|---|---|${MOMENTS.map(() => '---|').join('')}`,
    ];
    for (const row of this.#rows.values()) {
      const over = row.faultMs === null ? '–' : seconds(row.faultMs);
      const cells = MOMENTS.map(({ key }) => row.cells.get(key) ?? row.skipped ?? '**not as promised**');
      lines.push(`| ${row.title} | ${over} | ${cells.join(' | ')} |`);
    }
    return lines.join('\n');
  }

  #row({ key, title }: Fault): Row {
    const present = this.#rows.get(key);
    if (present) return present;
    const row: Row = { title, faultMs: null, skipped: null, cells: new Map() };
    this.#rows.set(key, row);
    return row;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
