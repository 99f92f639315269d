/** Java for tests: compiles many small classes by one run of javac, against the interfaces of the cloud. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findJres } from '../../src/engine/runtimes/java/jre.ts';
import { classPath, ShimBuild } from '../../src/engine/runtimes/java/shim-build.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { writeFiles } from './write-files.ts';

const run = promisify(execFile);

/** The class files of a top-level class and the classes inside it, by path in a package. */
export type ClassFiles = Readonly<Record<string, Uint8Array>>;

/**
 * @param sources whole compilation units by the full name of their one top-level class
 * @returns their class files, by the same names
 */
export async function compileJava(
  sources: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, ClassFiles>> {
  const shim = new ShimBuild(loadConfig().cache, findJres());
  await shim.build();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-java-'));
  try {
    const files = Object.entries(sources).map(([name, text]) => {
      const file = join(folder, 'src', `${name.replaceAll('.', '/')}.java`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    });
    const out = join(folder, 'out');
    await run('javac', ['--release', '8', '-nowarn', '-cp', classPath(shim.folder), '-d', out, ...files]);
    return new Map(Object.keys(sources).map((name) => [name, filesOf(out, name)]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesOf(out: string, name: string): ClassFiles {
  const path = name.replaceAll('.', '/');
  const simple = name.slice(name.lastIndexOf('.') + 1);
  const isOwn = (file: string) => file === `${simple}.class` || file.startsWith(`${simple}$`);
  const folder = dirname(path);
  return Object.fromEntries(
    readdirSync(join(out, folder))
      .filter(isOwn)
      .map((file) => [join(folder, file), readFileSync(join(out, folder, file))]),
  );
}

/** A jar of class files. */
export async function jarOf(files: ClassFiles): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-jar-'));
  try {
    writeFiles(join(folder, 'in'), files);
    const jar = join(folder, 'out.jar');
    await run('jar', ['cf', jar, '-C', join(folder, 'in'), '.']);
    return readFileSync(jar);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
