/** Limits by cgroups v1: a hierarchy of its own for memory, processes and CPU. */
import { join } from 'node:path';
import type { GroupLimits, Limiter } from './contract.ts';
import { readNumber, write, writeIfThere } from './files.ts';

/** Where each controller is mounted, with this home's folder. */
export interface V1Roots {
  readonly memory: string;
  readonly pids: string;
  readonly cpu: string;
}

export class LimiterV1 implements Limiter {
  readonly #roots: V1Roots;

  constructor(roots: V1Roots) {
    this.#roots = roots;
  }

  folders(name: string): readonly string[] {
    const { memory, pids, cpu } = this.#roots;
    return [...new Set([memory, pids, cpu])].map((root) => join(root, name));
  }

  apply(name: string, limits: GroupLimits): void {
    const bytes = limits.memoryMb * 1024 * 1024;
    const memory = join(this.#roots.memory, name);
    // Memory and swap together may never be below memory alone: which of them comes first depends on what there was.
    const isMore = bytes > readNumber(`${memory}/memory.limit_in_bytes`);
    if (isMore) writeIfThere(`${memory}/memory.memsw.limit_in_bytes`, bytes);
    write(`${memory}/memory.limit_in_bytes`, bytes);
    if (!isMore) writeIfThere(`${memory}/memory.memsw.limit_in_bytes`, bytes);
    write(join(this.#roots.pids, name, 'pids.max'), limits.tasks);
    this.setCpuShare(name, limits.cpuShare ?? limits.memoryMb);
  }

  /** 1024 is the kernel's "one share": CPU is given in proportion to memory. */
  setCpuShare(name: string, share: number): void {
    write(join(this.#roots.cpu, name, 'cpu.shares'), Math.max(2, Math.round(share)));
  }

  peak(name: string): number {
    const folder = join(this.#roots.memory, name);
    const cache = readNumber(`${folder}/memory.stat`, 'total_inactive_file', 'total_active_file');
    return readNumber(`${folder}/memory.max_usage_in_bytes`) - cache;
  }

  oomKills(name: string): number {
    return readNumber(join(this.#roots.memory, name, 'memory.oom_control'), 'oom_kill');
  }
}
