/**
 * The kernel's accounting of one instance: limits of memory, processes and CPU, what was really used, and a way to
 * stop and end everything in it at once. Two interfaces of the kernel, v1 and v2, stand behind it.
 */

export interface GroupLimits {
  readonly memoryMb: number;
  /** Most processes and threads together. */
  readonly tasks: number;
  /** Its part of the CPU when others want some too, in proportion to theirs; left out: its MB. */
  readonly cpuShare?: number;
}

export interface Cgroup {
  /** A process that writes `0` into each of these files is in the group, with all that it starts. */
  readonly joinFiles: readonly string[];
  /** Other limits from now on. @throws Error where the kernel refuses, as it does for less memory than is in use */
  limit(limits: GroupLimits): void;
  /** Another share of the CPU from now on, as `GroupLimits` counts it. */
  setCpuShare(share: number): void;
  /**
   * The kernel's highest count so far, without the page cache that it holds now: files that were read once are not the
   * function's memory, and go as soon as it needs the room.
   */
  peakMemoryMb(): number;
  /** How many processes of the group the kernel ended for lack of memory. */
  oomKills(): number;
  /** Stops every process; `isFrozen` says when the last one stands still, mostly within a millisecond. */
  freeze(): void;
  readonly isFrozen: boolean;
  /** Lets them go on, at once. */
  thaw(): void;
  /** Ends every process, also in a frozen group. */
  kill(): void;
  /** A part of it that can be ended alone; its use counts to the whole. @param name unique in the group */
  part(name: string): Subgroup;
  /** Removes the group once it is empty; what is still in it is ended. */
  remove(): Promise<void>;
}

/** Processes within a group that are ended together. */
export interface Subgroup {
  /** As those of a group. */
  readonly joinFiles: readonly string[];
  kill(): void;
  remove(): Promise<void>;
}

export interface Cgroups {
  /** `v1+v2`: limits by v1 and the rest by v2, as on hosts that mount both. */
  readonly version: 'v1' | 'v1+v2' | 'v2';
  create(name: string, limits: GroupLimits): Cgroup;
  /** Ends and removes every group, also of an earlier engine of the same home. */
  clear(): Promise<void>;
  /** The same, and then the folder of the home. */
  close(): Promise<void>;
  /** Removes what another home has here, unless something still runs in it. @returns whether all of it is gone */
  removeEmpty(hash: string): boolean;
}

export type CgroupState =
  | { readonly available: true; readonly groups: Cgroups }
  | { readonly available: false; readonly reason: string; readonly mend: string };

/** Limits and accounting in one place of the host's hierarchy. */
export interface Limiter {
  /** Folders of the group, one per hierarchy; the last part is the group's name. */
  folders(name: string): readonly string[];
  apply(name: string, limits: GroupLimits): void;
  setCpuShare(name: string, share: number): void;
  /** Bytes. */
  peak(name: string): number;
  oomKills(name: string): number;
}

/** Stopping and ending in one place of the host's hierarchy. */
export interface Stopper {
  readonly folder: (name: string) => string;
  setFrozen(name: string, frozen: boolean): void;
  isFrozen(name: string): boolean;
  kill(name: string): void;
}
