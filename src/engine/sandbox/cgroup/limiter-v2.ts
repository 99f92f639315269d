/** Limits by cgroups v2: one hierarchy for all. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupLimits, Limiter } from './contract.ts';
import { readNumber, write, writeIfThere } from './files.ts';

/** The kernel's default weight, which one gigabyte's share gets. */
const WEIGHT_PER_GB = 100;
const WEIGHT_MAX = 10_000;

export class LimiterV2 implements Limiter {
  readonly #root: string;

  /** @param root this home's folder */
  constructor(root: string) {
    this.#root = root;
  }

  folders(name: string): readonly string[] {
    return [join(this.#root, name)];
  }

  apply(name: string, limits: GroupLimits): void {
    const folder = join(this.#root, name);
    write(`${folder}/memory.max`, limits.memoryMb * 1024 * 1024);
    writeIfThere(`${folder}/memory.swap.max`, 0);
    // A function of which a part is gone answers nothing sensible any more.
    writeIfThere(`${folder}/memory.oom.group`, 1);
    write(`${folder}/pids.max`, limits.tasks);
    this.setCpuShare(name, limits.cpuShare ?? limits.memoryMb);
  }

  setCpuShare(name: string, share: number): void {
    const weight = Math.round((share * WEIGHT_PER_GB) / 1024);
    write(join(this.#root, name, 'cpu.weight'), Math.min(WEIGHT_MAX, Math.max(1, weight)));
  }

  peak(name: string): number {
    const folder = join(this.#root, name);
    const cache = readNumber(`${folder}/memory.stat`, 'inactive_file', 'active_file');
    // `memory.peak` came with Linux 5.19.
    const peak = existsSync(`${folder}/memory.peak`) ? 'memory.peak' : 'memory.current';
    return readNumber(`${folder}/${peak}`) - cache;
  }

  oomKills(name: string): number {
    return readNumber(join(this.#root, name, 'memory.events'), 'oom_kill');
  }
}
