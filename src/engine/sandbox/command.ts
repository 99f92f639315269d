/**
 * A command beside what runs in a sandbox: the same namespaces, root, cgroups, user, rights and variables, never more
 * (`enter.pl`). It ends with this object: all that it started where the host has cgroups, else all that did not leave its
 * parent.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Subgroup } from './cgroup/contract.ts';
import { lengthPrefixed } from './fields.ts';
import { PERL, perlScript } from './perl-helper.ts';
import { INSTANCE_USER, SANDBOX_CODE, type InstanceProcess } from './process.ts';
import { descendantsOf, openSandbox } from './process-tree.ts';
import { signal } from './signal.ts';

export interface CommandSpec {
  /** Program and arguments; a program without a slash is looked for in the function's `PATH`. */
  readonly command: readonly [string, ...string[]];
  /** Gives it a terminal, whose output is `stdout`; `undefined`: three pipes. */
  readonly terminal: TerminalSize | undefined;
}

/** Characters, 1…65535. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export type CommandEnd =
  | { readonly kind: 'exited'; /** 128 and more: by that signal. */ readonly status: number }
  /** It could not be started. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** The sandbox ended, or `end` was called. */
  | { readonly kind: 'ended' };

const SIZES_BYTES_MAX = 64 * 1024;
const TERMINAL = 'xterm-256color';

export class SandboxedCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #helper: ChildProcess;
  readonly #control: Socket;
  readonly #group: Subgroup | undefined;
  #end: CommandEnd = { kind: 'ended' };
  readonly #onOver: ((end: CommandEnd) => void)[] = [];
  #isEnded = false;
  #isOver = false;

  /**
   * @param name unique in the instance
   * @throws Error where there is no sandbox (any more): it never runs on the host instead
   */
  constructor(instance: InstanceProcess, name: string, spec: CommandSpec) {
    const folder = openSandbox(instance.sandboxed);
    try {
      this.#group = instance.spec.host.group?.part(name);
      this.#helper = spawn(PERL, [perlScript('enter')], {
        env: {},
        stdio: ['pipe', 'pipe', 'pipe', 'pipe', folder],
      });
    } finally {
      closeSync(folder);
    }
    const [stdin, stdout, stderr, control] = this.#helper.stdio;
    this.stdin = stdin as Writable;
    this.stdout = stdout as Readable;
    this.stderr = stderr as Readable;
    this.#control = control as Socket;
    // The command closed its input, or is gone, which `onOver` tells.
    this.stdin.on('error', () => undefined);
    this.#control.on('error', () => undefined);
    let answers = '';
    this.#control.on('data', (chunk: Buffer) => {
      answers += chunk.toString('utf8');
      const lines = answers.split('\n');
      answers = lines.pop() ?? '';
      for (const line of lines) this.#end = endOf(line) ?? this.#end;
    });
    const over = (): void => this.#finish();
    this.#helper.on('error', over);
    this.#helper.on('close', over);
    this.#control.write(settings(spec, instance.spec, this.#group?.joinFiles ?? []));
  }

  /** Calls back once, when it is over and its output was read. */
  onOver(callback: (end: CommandEnd) => void): void {
    this.#onOver.push(callback);
  }

  resize({ columns, rows }: TerminalSize): void {
    // Whoever sends sizes faster than they can be set means the last of them, but must not fill this memory.
    if (!this.#isOver && this.#control.writableLength < SIZES_BYTES_MAX)
      this.#control.write(`${columns} ${rows}\n`);
  }

  /** Ends it and what it started, now. */
  end(): void {
    this.#isEnded = true;
    this.#kill();
  }

  #kill(): void {
    if (this.#isOver) return;
    this.#group?.kill();
    if (this.#helper.exitCode !== null || this.#helper.signalCode !== null) return;
    for (const pid of this.#group ? [] : descendantsOf(this.#helper.pid ?? 0)) signal(pid, 'SIGKILL');
    this.#helper.kill('SIGKILL');
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#kill();
    this.#isOver = true;
    void this.#group?.remove();
    for (const callback of this.#onOver) callback(this.#isEnded ? { kind: 'ended' } : this.#end);
  }
}

function endOf(line: string): CommandEnd | undefined {
  if (line.startsWith('exit ')) return { kind: 'exited', status: Number(line.slice('exit '.length)) };
  if (line.startsWith('failed ')) return { kind: 'failed', reason: line.slice('failed '.length) };
  return undefined;
}

function settings(
  { command, terminal }: CommandSpec,
  { env, image, seccompFile }: InstanceProcess['spec'],
  joinFiles: readonly string[],
): Buffer {
  const variables = Object.entries(terminal ? { TERM: TERMINAL, ...env } : env);
  return lengthPrefixed([
    String(INSTANCE_USER),
    String(INSTANCE_USER),
    process.getuid?.() === 0 ? '1' : '0',
    String(terminal?.columns ?? 0),
    String(terminal?.rows ?? 0),
    terminal ? '1' : '0',
    image?.folder ?? SANDBOX_CODE,
    seccompFile,
    String(joinFiles.length),
    ...joinFiles,
    String(variables.length),
    ...variables.map(([name, value]) => `${name}=${value}`),
    ...command,
  ]);
}
