/** The Java runtimes of this host: which there are, and what a sandbox must show of one. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mount } from '../../../platform/sandbox.ts';
import { findPrograms } from '../interpreters.ts';

export interface Jre {
  readonly home: string;
  /** 8, 11, 17 … */
  readonly major: number;
  /** As the JRE says it, `17.0.15`. */
  readonly version: string;
}

/** Where distributions put them. */
const FOLDER = '/usr/lib/jvm';
/** Files that Debian keeps below /etc, behind links. */
const LINKED = [
  'lib/jvm.cfg',
  'lib/security',
  'conf',
  'conf/security/java.security',
  'jre/lib/amd64/jvm.cfg',
];

/** All of this host, each once, oldest major first. */
export function findJres(): Jre[] {
  const homes = findPrograms(['java']).map((java) => dirname(dirname(realpathSync(java))));
  if (existsSync(FOLDER)) homes.push(...readdirSync(FOLDER).map((name) => join(FOLDER, name)));
  const found = new Map<string, Jre>();
  for (const home of homes) {
    const jre = existsSync(join(home, 'bin', 'java')) ? readJre(join(home, 'bin', 'java')) : undefined;
    if (jre) found.set(jre.home, jre);
  }
  return [...found.values()].sort((a, b) => a.major - b.major);
}

/** The JRE of a `java` program; `undefined` where it does not say its version. */
export function readJre(java: string): Jre | undefined {
  const home = dirname(dirname(realpathSync(java)));
  const version = versionOf(home);
  return version === undefined ? undefined : { home, version, major: majorOf(version) };
}

/** From the file that every JRE since 7 has: starting the JVM to ask costs half a second each. */
function versionOf(home: string): string | undefined {
  for (const folder of [home, dirname(home)]) {
    const file = join(folder, 'release');
    if (existsSync(file)) return /^JAVA_VERSION="([\d._]+)/m.exec(readFileSync(file, 'utf8'))?.[1];
  }
  return undefined;
}

/** `1.8.0_392` is 8. */
function majorOf(version: string): number {
  const [first, second] = version.split('.');
  return Number(first === '1' ? second : first);
}

/** What a sandbox needs beside `/usr`, which it has. */
export function jreMounts({ home }: Jre): Mount[] {
  const folders = new Set(home.startsWith('/usr/') ? [] : [home]);
  for (const link of LINKED) {
    const path = join(home, link);
    const [, top, name] = existsSync(path) ? realpathSync(path).split('/') : [];
    if (top === 'etc' && name) folders.add(`/etc/${name}`);
  }
  return [...folders].map((folder) => ({ from: folder, to: folder }));
}
