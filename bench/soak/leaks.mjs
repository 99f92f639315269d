/** What a Sluice holds on this machine at one moment: each figure must go back to where it was when nothing runs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { homeHash } from '../../dist/platform/home-hash.js';
import { descendantsOf } from '../memory.mjs';

/** Folders of the groups of this home's instances, of one controller: below it (v1) or the only hierarchy (v2). */
export function instanceGroups(home) {
  const base = '/sys/fs/cgroup';
  const places = existsSync(base) ? ['', ...readdirSync(base)] : [];
  const root = places
    .map((place) => join(base, place, `sluice-${homeHash(home)}`))
    .find((folder) => existsSync(folder));
  if (root === undefined) return [];
  return readdirSync(root)
    .filter((name) => name.startsWith('c-'))
    .map((name) => join(root, name));
}

/** Figures of the engine and of everything that instances leave on a host, by what they are called in a report. */
export async function census(stack) {
  const { engine } = stack.parts();
  const metrics = await (await fetch(`http://127.0.0.1:${stack.enginePort}/metrics`)).text();
  const metric = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? Number.NaN);
  return {
    engine,
    instances: metric('sluice_engine_instances'),
    heapMb: metric('nodejs_heap_size_used_bytes') / 1024 ** 2,
    externalMb: metric('nodejs_external_memory_bytes') / 1024 ** 2,
    rssMb: metric('process_resident_memory_bytes') / 1024 ** 2,
    descriptors: descriptorsOf(engine),
    host: onHost(stack.home),
    childProcesses: descendantsOf(engine).length,
    diskMb: foldersOf(join(stack.home, 'engine')),
  };
}

/** What is left on the host in the name of a home; all of it is instances' while the engine runs, and nothing after. */
export function onHost(home) {
  const hash = homeHash(home);
  return {
    groups: instanceGroups(home).length,
    sandboxes: processesSeeing(home),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(hash)).length,
    images: loopFiles().filter((file) => file.startsWith(home)).length,
    namespacePorts: portsOf(`sl-egress-${hash}`),
    tmpImages: tmpImagesOf(home),
    links: readdirSync('/sys/class/net').filter((name) => name.includes(hash)).length,
  };
}

function descriptorsOf(pid) {
  const kinds = {};
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let target = '';
    try {
      target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      continue;
    }
    const kind = target.startsWith('/') ? 'file' : target.replace(/:.*/, '');
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

/** A sandbox shows code or its files from below the home, which stands in its list of mounts. */
function processesSeeing(home) {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/mountinfo`, 'latin1').includes(`${basename(home)}/`);
    } catch {
      return false;
    }
  }).length;
}

/** Copies that a start makes of the template of `/tmp` and removes; none once the home is gone. */
function tmpImagesOf(home) {
  const folder = join(home, 'engine/sandbox/tmp');
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^[cw]-.*\.img$/.test(name)).length : 0;
}

function loopFiles() {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .flatMap((name) => {
      try {
        return [readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8')];
      } catch {
        return [];
      }
    });
}

/** Interfaces in the namespace that leads to the internet; 0 where there is none. */
function portsOf(namespace) {
  const { status, stdout } = spawnSync('ip', ['-n', namespace, '-o', 'link'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n').filter(Boolean).length : 0;
}

/** Megabytes by sub-folder. */
function foldersOf(folder) {
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => statSync(join(folder, name)).isDirectory())
      .map((name) => {
        const [kilobytes] = execFileSync('du', ['-sk', join(folder, name)], { encoding: 'utf8' }).split('\t');
        return [name, Math.round(Number(kilobytes) / 102.4) / 10];
      }),
  );
}
