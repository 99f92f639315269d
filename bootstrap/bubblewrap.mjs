/** Bubblewrap, in which functions and builds run; from the system's package manager, which needs root. */
import { findOnPath, lastLines, run } from './command.mjs';

const LIMIT_MS = 120_000;
const INSTALL = [
  ['apt-get', 'install -y --no-install-recommends bubblewrap'],
  ['dnf', 'install -y bubblewrap'],
  ['apk', 'add bubblewrap'],
  ['pacman', '-S --noconfirm bubblewrap'],
  ['zypper', 'install -y bubblewrap'],
];

/** Installs bubblewrap where it is missing and this may be done; else the line says what to run. */
export async function bubblewrap(report) {
  if (process.env.SLUICE_SANDBOX === 'off')
    return { warning: "SLUICE_SANDBOX=off: functions and builds run unsandboxed, with this user's rights" };
  if (process.platform !== 'linux')
    return {
      warning: `no sandbox on ${process.platform}: functions and builds refuse, everything else runs`,
    };
  const found = findOnPath('bwrap');
  if (found) return (await packetFilter(report)) ?? `bubblewrap at ${found}`;
  const [tool, args] = INSTALL.find(([name]) => findOnPath(name)) ?? [];
  const command = tool ? `${tool} ${args}` : 'your package manager: install bubblewrap';
  if (process.getuid() !== 0 || tool !== 'apt-get')
    return {
      warning: `bubblewrap is missing, functions and builds refuse until you run: ${process.getuid() === 0 ? '' : 'sudo '}${command}`,
    };
  report('apt-get install bubblewrap');
  if (await aptInstall(['bubblewrap'], report))
    return (await packetFilter(report)) ?? 'bubblewrap installed by apt-get';
  return {
    warning: `bubblewrap cannot be installed (tried: ${command}); functions and builds refuse until it is: ${lastFailure}`,
  };
}

/**
 * `nft`, by which builds are kept from services on this machine. Only root can set its rules, so nobody else is asked for it.
 *
 * @returns a warning, or `undefined` when all is well
 */
async function packetFilter(report) {
  if (process.getuid() !== 0 || findOnPath('nft')) return undefined;
  report('apt-get install nftables');
  if (findOnPath('apt-get') && (await aptInstall(['nftables'], report))) return undefined;
  return {
    warning: "nftables is missing: builds can reach services on this machine's loopback until you install it",
  };
}

let lastFailure = '';

/** Installs Debian packages; fetches the package lists first where they are too old to find them. */
export async function aptInstall(packages, report) {
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
  lastFailure = lastLines(result.output, 2);
  return result.code === 0;
}
