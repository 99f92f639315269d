/**
 * The seccomp filter of a sandbox: system calls that neither functions nor builds need, and that have been doors out
 * of containers before, are refused. Written as classic BPF: 8-byte instructions {u16 code, u8 jt, u8 jf, u32 k}.
 *
 * Refused is EPERM. ENOSYS where the C library has a fallback (`clone3`, `io_uring_*`): it takes that. A program of a
 * foreign architecture is killed, because its numbers mean other calls.
 */

/** Number on x64 and on arm64; -1: the architecture has no such call. */
const DENIED: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  acct: [163, 89],
  add_key: [248, 217],
  adjtimex: [159, 171],
  bpf: [321, 280],
  chroot: [161, 51],
  clock_adjtime: [305, 266],
  clock_settime: [227, 112],
  delete_module: [176, 106],
  fanotify_init: [300, 262],
  finit_module: [313, 273],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  get_mempolicy: [239, 236],
  init_module: [175, 105],
  ioperm: [173, -1],
  iopl: [172, -1],
  kcmp: [312, 272],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18],
  mbind: [237, 235],
  migrate_pages: [256, 238],
  modify_ldt: [154, -1],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  move_pages: [279, 239],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  perf_event_open: [298, 241],
  personality: [135, 92],
  pidfd_getfd: [438, 438],
  pivot_root: [155, 41],
  process_madvise: [440, 440],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  request_key: [249, 218],
  set_mempolicy: [238, 237],
  set_mempolicy_home_node: [450, 450],
  setdomainname: [171, 162],
  sethostname: [170, 161],
  setns: [308, 268],
  settimeofday: [164, 170],
  swapoff: [168, 225],
  swapon: [167, 224],
  syslog: [103, 116],
  umount2: [166, 39],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  vhangup: [153, 58],
};
const UNKNOWN_CALLS = {
  clone3: 435,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
} as const;

interface Architecture {
  /** AUDIT_ARCH_* of <linux/audit.h>. */
  readonly audit: number;
  readonly column: 0 | 1;
  readonly clone: number;
  readonly ioctl: number;
  readonly socket: number;
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: { audit: 0xc000_003e, column: 0, clone: 56, ioctl: 16, socket: 41 },
  arm64: { audit: 0xc000_00b7, column: 1, clone: 220, ioctl: 29, socket: 198 },
};

// <linux/seccomp.h>: what a filter answers, and where in `struct seccomp_data` it reads.
const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;
const AT_NUMBER = 0;
const AT_ARCHITECTURE = 4;
const AT_FIRST_ARGUMENT = 16;
const AT_SECOND_ARGUMENT = 24;

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

// <linux/bpf_common.h>
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

/** On x64, numbers from here on are the x32 ABI's: the same calls under other numbers. */
const X32_BIT = 0x4000_0000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const CLONE_NEW = 0x7e02_0000;
/** They put characters into a terminal's input. */
const DENIED_IOCTLS = [0x5412, 0x541c];
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK (interface lists). */
const SOCKET_FAMILIES = [1, 2, 10, 16];

/**
 * The filter program for this machine, or `undefined` on an architecture whose numbers are not known here.
 *
 * @param arch as `process.arch`
 */
export function seccompProgram(arch: string = process.arch): Buffer | undefined {
  const architecture = ARCHITECTURES[arch];
  if (!architecture) return undefined;
  const { audit, column, clone, ioctl, socket } = architecture;
  const program: Instruction[] = [
    [LOAD, 0, 0, AT_ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, AT_NUMBER],
  ];
  if (arch === 'x64') program.push([JUMP_GREATER_EQUAL, 0, 1, X32_BIT], refuse(EPERM));
  for (const numbers of Object.values(DENIED))
    if (numbers[column] >= 0) program.push([JUMP_EQUAL, 0, 1, numbers[column]], refuse(EPERM));
  for (const number of Object.values(UNKNOWN_CALLS)) program.push([JUMP_EQUAL, 0, 1, number], refuse(ENOSYS));
  program.push(
    ...onlyFor(clone, [
      [LOAD, 0, 0, AT_FIRST_ARGUMENT],
      [JUMP_ANY_BIT, 0, 1, CLONE_NEW],
      refuse(EPERM),
      [RETURN, 0, 0, ALLOW],
    ]),
    ...onlyFor(ioctl, [
      [LOAD, 0, 0, AT_SECOND_ARGUMENT],
      ...DENIED_IOCTLS.flatMap((request): Instruction[] => [[JUMP_EQUAL, 0, 1, request], refuse(EPERM)]),
      [RETURN, 0, 0, ALLOW],
    ]),
    ...onlyFor(socket, [
      [LOAD, 0, 0, AT_FIRST_ARGUMENT],
      ...SOCKET_FAMILIES.flatMap((family): Instruction[] => [
        [JUMP_EQUAL, 0, 1, family],
        [RETURN, 0, 0, ALLOW],
      ]),
      refuse(EAFNOSUPPORT),
    ]),
    [RETURN, 0, 0, ALLOW],
  );
  return encode(program);
}

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

function refuse(errno: number): Instruction {
  return [RETURN, 0, 0, ERRNO + errno];
}

/** Skips `body`, which ends in a return, for every other call. */
function onlyFor(number: number, body: readonly Instruction[]): Instruction[] {
  return [[JUMP_EQUAL, 0, body.length, number], ...body];
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, ifTrue, ifFalse, value], index) => {
    const at = index * 8;
    bytes.writeUInt16LE(code, at);
    bytes[at + 2] = ifTrue;
    bytes[at + 3] = ifFalse;
    bytes.writeUInt32LE(value >>> 0, at + 4);
  });
  return bytes;
}
