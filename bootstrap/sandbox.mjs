/**
 * What the sandbox needs from the system's package manager, which needs root: bubblewrap, in which functions and builds
 * run, nftables, which keeps builds and functions away from this machine's own services, iproute2, which gives functions a
 * network, and what makes disks for functions' /tmp.
 */
import { findOnPath, lastLines, run } from './command.mjs';

const LIMIT_MS = 120_000;
const TOOLS = [
  { program: 'bwrap', package: 'bubblewrap', without: 'functions and builds refuse' },
  {
    program: 'nft',
    package: 'nftables',
    without: "builds can reach this machine's own services, and functions have no network",
  },
  { program: 'ip', package: 'iproute2', without: 'functions have no network' },
  { program: 'mkfs.ext4', package: 'e2fsprogs', without: "functions' /tmp counts as their memory" },
];
const INSTALLERS = [
  { program: 'apt-get', args: 'install -y --no-install-recommends' },
  { program: 'dnf', args: 'install -y' },
  { program: 'apk', args: 'add' },
  { program: 'pacman', args: '-S --noconfirm' },
  { program: 'zypper', args: 'install -y' },
];

/** Installs what is missing where this may be done; else the line says what to run, and what is so long. */
export async function sandbox(report) {
  if (process.env.SLUICE_SANDBOX === 'off')
    return { warning: "SLUICE_SANDBOX=off: functions and builds run unsandboxed, with this user's rights" };
  if (process.platform !== 'linux')
    return {
      warning: `no sandbox on ${process.platform}: functions and builds refuse, everything else runs`,
    };
  const isRoot = process.getuid() === 0;
  // Rules of the packet filter and mounts are root's; elsewhere the other tools would be of no use.
  const missing = TOOLS.filter(({ program }) => !isInstalled(program) && (isRoot || program === 'bwrap'));
  if (missing.length === 0) return isRoot ? 'bubblewrap, nftables, iproute2, e2fsprogs' : 'bubblewrap';
  const packages = missing.map((tool) => tool.package);
  const consequence = missing.map((tool) => tool.without).join(', ');
  const installer = INSTALLERS.find(({ program }) => findOnPath(program));
  const command = installer
    ? `${isRoot ? '' : 'sudo '}${installer.program} ${installer.args} ${packages.join(' ')}`
    : `your package manager to install ${packages.join(' and ')}`;
  if (!isRoot || installer?.program !== 'apt-get')
    return { warning: `${packages.join(' and ')} missing: ${consequence} until you run: ${command}` };
  report(command);
  const fault = await aptInstall(packages, report);
  if (fault === undefined) return `${packages.join(' and ')} installed by apt-get`;
  return {
    warning: `${packages.join(' and ')} cannot be installed, so ${consequence}. Tried: ${command}: ${fault}`,
  };
}

/** System folders that a plain user's PATH may lack are looked at, too. */
function isInstalled(program) {
  return (
    findOnPath(program) !== undefined || findOnPath(program, '/usr/sbin:/usr/bin:/sbin:/bin') !== undefined
  );
}

/** Fetches the package lists first where they are too old to find them. Answers what went wrong, if anything. */
async function aptInstall(packages, report) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const limits = [
    '-o',
    'Acquire::http::Timeout=5',
    '-o',
    'Acquire::Retries=1',
    '-o',
    'DPkg::Lock::Timeout=60',
  ];
  const install = () =>
    run('apt-get', [...limits, 'install', '-y', '--no-install-recommends', ...packages], {
      env,
      timeoutMs: LIMIT_MS,
    });
  let result = await install();
  if (result.code !== 0) {
    report('apt-get update');
    await run('apt-get', [...limits, 'update'], { env, timeoutMs: LIMIT_MS });
    report(`apt-get install ${packages.join(' ')}`);
    result = await install();
  }
  return result.code === 0 ? undefined : lastLines(result.output, 2);
}
