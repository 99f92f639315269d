/**
 * The operating system's side of an instance: one process tree with a socket (its fd 3) or a network to reach its
 * server by, two output pipes, a way to signal, stop and kill it, and its memory. In a sandbox, or bare where the
 * operator switched the sandbox off.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Socket } from 'node:net';
import { hostProgram } from '../../platform/image-root.ts';
import { sandboxCommand, type Mount } from '../../platform/sandbox.ts';
import type { SandboxMode } from '../../platform/config.ts';
import type { Cgroup, GroupLimits } from './cgroup/contract.ts';
import { hostCommand, type HostSide } from './host-launch.ts';
import { launchChild, type Launched, type LaunchSpec } from './launched.ts';
import { launchScript } from './launch-script.ts';
import type { InstanceNetwork } from './network/egress.ts';
import { childOf } from './process-tree.ts';
import { signal } from './signal.ts';
import { TMP_BYTES } from './tmp-disk.ts';

export interface ProcessSpec {
  readonly sandbox: SandboxMode;
  readonly command: readonly [string, ...string[]];
  readonly mounts: readonly Mount[];
  readonly env: Readonly<Record<string, string>>;
  /** `undefined`: it comes later, into an empty `/code`; only in a sandbox. */
  readonly codeFolder: string | undefined;
  /** The image whose file system it has instead of this host's, and where in it the process starts. */
  readonly image: { readonly root: string; readonly folder: string } | undefined;
  /** Whether it gets the socket of a shim. */
  readonly hasChannel: boolean;
  /** File that a sandbox shows as `/etc/hosts`. */
  readonly hostsFile: string;
  /** File with a seccomp program; empty: none. */
  readonly seccompFile: string;
  readonly instanceId: string;
  readonly host: HostSide;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The kernel ended a process of it for lack of memory. */
  readonly outOfMemory: boolean;
}

/** User and group of every instance (runtimes.md §1). */
export const INSTANCE_USER = 10_003;
/** Folder of the code inside a sandbox. */
export const SANDBOX_CODE = '/code';
/** Longest wait for the rest of the output once the process has ended; without a sandbox a child may keep a pipe. */
const OUTPUT_GRACE_MS = 200;
const STATUS_FD = 4;
const SECCOMP_FD = 5;
const OPTIONS_FD = 6;

export class InstanceProcess {
  /** The engine's end of the shim's socket; `undefined` where there is no shim. */
  readonly channel: Socket | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  #spec: ProcessSpec;
  readonly #child: Launched;
  readonly #sandboxed: boolean;
  readonly #group: Cgroup | undefined;
  readonly #network: InstanceNetwork | undefined;
  /** Its `/tmp` while it starts; removed when it is mounted, and where the start is cut off. */
  readonly #tmpImage: string | undefined;
  /** The sandbox's first process, as the host numbers it; 0 until bubblewrap has told. */
  #sandboxPid = 0;
  /** The shim's process, as the host numbers it. */
  #pid = 0;
  #statusFile: number | undefined;
  /** Open on the sandbox's network namespace, which lives as long as this does. */
  #networkFile: number | undefined;
  #onNetwork: ((descriptor: number) => void) | undefined;
  #onExit: (exit: ProcessExit) => void = () => undefined;
  #peakKb = 0;
  #over = false;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    this.#sandboxed = spec.sandbox === 'on';
    this.#group = spec.host.group;
    this.#network = spec.host.network;
    this.#tmpImage = spec.host.tmpDisks?.imageOf(spec.instanceId);
    this.#child = this.#sandboxed ? spawnSandboxed(spec) : spawnBare(spec);
    const [, stdout, stderr, channel, status] = this.#child.sockets;
    this.stdout = stdout as Readable;
    this.stderr = stderr as Readable;
    this.channel = channel;
    if (this.#sandboxed) this.#readStatus(status as Socket);
    else this.#pid = this.#child.pid;
    this.#watchExit();
  }

  /** Calls back once, when the process has ended and its output was read; a later callback takes the place of the earlier. */
  onExit(callback: (exit: ProcessExit) => void): void {
    this.#onExit = callback;
  }

  get spec(): ProcessSpec {
    return this.#spec;
  }

  #watchExit(): void {
    let exit: ProcessExit = { code: null, signal: null, outOfMemory: false };
    const done = () => {
      if (this.#over) return;
      this.#samplePeak();
      this.#over = true;
      for (const file of [this.#statusFile, this.#networkFile]) if (file !== undefined) closeSync(file);
      this.#statusFile = undefined;
      this.#networkFile = undefined;
      if (!this.#sandboxed) this.#signalGroup('SIGKILL');
      void this.#clear();
      this.#network?.release();
      this.#onExit(exit);
      // What nobody reads any more would keep them open.
      for (const socket of this.#child.sockets) socket?.resume();
    };
    this.#child.onExit((ended) => {
      exit = { ...ended, outOfMemory: (this.#group?.oomKills() ?? 0) > 0 };
      setTimeout(done, OUTPUT_GRACE_MS).unref();
    });
    this.#child.onClose(done);
  }

  /** With the last process of a start that was cut off nobody is left who could write the image again. */
  async #clear(): Promise<void> {
    await this.#group?.remove();
    await this.#removeImage();
  }

  /**
   * Calls back with a descriptor of the sandbox's network namespace as soon as there is one; at once or later, or never
   * where the sandbox cannot be made. It is closed before the callback of `onExit`.
   */
  onNetwork(callback: (descriptor: number) => void): void {
    this.#onNetwork = callback;
    this.#openNetwork();
  }

  /** The sandbox's first process and its parent, as the host numbers them; `undefined` where there is none (any more). */
  get sandboxed(): { readonly pid: number; readonly parent: number } | undefined {
    if (this.#over || this.#sandboxPid === 0) return undefined;
    return { pid: this.#sandboxPid, parent: this.#child.pid };
  }

  /** Asks the user's process to end. */
  terminate(): void {
    if (this.#over) return;
    if (!this.#sandboxed) this.#signalGroup('SIGTERM');
    // Bubblewrap passes no signal on, and the signal must not reach it: its end would be a SIGKILL for the rest.
    else if (this.#locate()) signal(this.#pid, 'SIGTERM');
  }

  /**
   * It is a function's from now on, with these limits; commands in it find this environment.
   *
   * @throws Error where the kernel refuses the limits
   */
  become(env: ProcessSpec['env'], limits: GroupLimits): void {
    this.#group?.limit(limits);
    this.#spec = { ...this.#spec, env };
  }

  /** Another share of the CPU from now on; without cgroups nothing happens. */
  setCpuShare(share: number): void {
    if (!this.#over) this.#group?.setCpuShare(share);
  }

  /** Stops every process of the instance until `thaw`; without cgroups nothing happens. */
  freeze(): void {
    if (!this.#over) this.#group?.freeze();
  }

  /** They go on at once, also those that were still to be stopped. */
  thaw(): void {
    if (!this.#over) this.#group?.thaw();
  }

  /** Ends the whole tree now. */
  kill(): void {
    if (this.#over) return;
    if (!this.#sandboxed) this.#signalGroup('SIGKILL');
    else {
      if (this.#sandboxPid !== 0) signal(this.#sandboxPid, 'SIGKILL');
      this.#child.kill();
      this.#group?.kill();
    }
  }

  /** How many processes of the instance the kernel ended for lack of memory; 0 where nobody counts. */
  get oomKills(): number {
    return this.#over ? 0 : (this.#group?.oomKills() ?? 0);
  }

  /**
   * Highest memory so far, in MB: the kernel's count of all its processes, or, without cgroups, of the user's process
   * alone; 0 where it could not be read yet.
   */
  peakMemoryMb(): number {
    if (!this.#over) this.#samplePeak();
    return this.#peakKb / 1024;
  }

  #samplePeak(): void {
    if (this.#group) {
      this.#peakKb = this.#group.peakMemoryMb() * 1024;
      return;
    }
    try {
      if (this.#statusFile === undefined) {
        if (!this.#locate()) return;
        this.#statusFile = openSync(`/proc/${this.#pid}/status`, 'r');
      }
      const bytes = readSync(this.#statusFile, SCRATCH, 0, SCRATCH.length, 0);
      const at = SCRATCH.indexOf('VmHWM:');
      if (at < 0 || at > bytes) return;
      this.#peakKb = Math.max(this.#peakKb, Number.parseInt(SCRATCH.toString('latin1', at + 6, at + 24), 10));
    } catch {
      // The process is gone: what was seen last stands.
    }
  }

  #locate(): boolean {
    if (this.#pid === 0 && this.#sandboxPid !== 0) this.#pid = childOf(this.#sandboxPid) ?? 0;
    return this.#pid !== 0;
  }

  /** While bubblewrap runs, its child's number is not given to another process: this is the right namespace. */
  #openNetwork(): void {
    if (this.#over || this.#sandboxPid === 0 || !this.#onNetwork) return;
    try {
      this.#networkFile ??= openSync(`/proc/${this.#sandboxPid}/ns/net`, 'r');
    } catch {
      // It has ended already, which `onExit` tells.
      return;
    }
    this.#onNetwork(this.#networkFile);
  }

  #readStatus(status: Socket): void {
    let text = '';
    status.on('data', (chunk: Buffer) => {
      if (this.#sandboxPid !== 0) return;
      text += chunk.toString('latin1');
      this.#sandboxPid = Number(/"child-pid":\s*(\d+)\D/.exec(text)?.[1] ?? 0);
      if (this.#sandboxPid !== 0) void this.#removeImage();
      this.#openNetwork();
    });
    status.on('error', () => status.destroy());
  }

  /** It is mounted when bubblewrap runs, and needs no name any more: without one it goes with its last process. */
  async #removeImage(): Promise<void> {
    if (this.#tmpImage !== undefined) await rm(this.#tmpImage, { force: true }).catch(() => undefined);
  }

  #signalGroup(name: NodeJS.Signals): void {
    if (this.#child.pid !== 0) signal(-this.#child.pid, name);
  }
}

/** Read buffer for `/proc/N/status`; used within one synchronous call only. */
const SCRATCH = Buffer.alloc(4096);

function spawnSandboxed(spec: ProcessSpec): Launched {
  const { image } = spec;
  const { tmpDisks, network } = spec.host;
  const { file, args, options, env, cwd } = sandboxCommand({
    uid: INSTANCE_USER,
    gid: INSTANCE_USER,
    network: network ? 'inherited' : 'none',
    ...(image && { root: image.root }),
    readOnly: [
      ...spec.mounts,
      { from: spec.hostsFile, to: '/etc/hosts' },
      ...(network ? [{ from: network.resolverFile, to: '/etc/resolv.conf' }] : []),
      ...(image || spec.codeFolder === undefined ? [] : [{ from: spec.codeFolder, to: SANDBOX_CODE }]),
    ],
    folders: spec.codeFolder === undefined ? [SANDBOX_CODE] : [],
    writable: tmpDisks ? [{ from: `${tmpDisks.mountPoint}/tmp`, to: '/tmp' }] : [],
    scratch: [],
    scratchBytes: TMP_BYTES,
    env: {},
    cwd: image ? '/' : SANDBOX_CODE,
    command: image ? hostProgram('/bin/sh') : ['/bin/sh'],
    descriptors: {
      status: STATUS_FD,
      args: OPTIONS_FD,
      ...(spec.seccompFile === '' ? {} : { seccomp: SECCOMP_FD }),
    },
  });
  const { seccompFile, host, instanceId } = spec;
  const launch: LaunchSpec = {
    command: hostCommand(host, instanceId, [file, ...args]),
    env,
    folder: cwd,
    descriptors: [
      'socket',
      'socket',
      'socket',
      spec.hasChannel ? 'socket' : 'nothing',
      'socket',
      seccompFile === '' ? 'nothing' : { file: seccompFile },
      'socket',
    ],
  };
  const child = host.launcher?.launch(launch) ?? launchChild(launch);
  feed(child.sockets[OPTIONS_FD], options);
  feed(child.sockets[0], launchScript(spec.env, spec.command, image?.folder));
  return child;
}

function feed(socket: Socket | undefined, content: string | Buffer): void {
  // EPIPE when the sandbox could not be made: its exit says why.
  socket?.on('error', () => socket.destroy());
  // It is closed when the other end is, which nobody notices who does not read.
  socket?.resume();
  socket?.end(content);
}

function spawnBare(spec: ProcessSpec): Launched {
  const launch: LaunchSpec = {
    command: spec.command,
    env: spec.env,
    folder: spec.codeFolder ?? '/',
    descriptors: ['nothing', 'socket', 'socket', spec.hasChannel ? 'socket' : 'nothing'],
  };
  // A group of its own, so that what the function starts can be ended with it.
  return launchChild(launch, { ownGroup: true });
}
