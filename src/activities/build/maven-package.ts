/**
 * A Java function from its source: `mvn package` in the code folder, then of all that is there only what the runtime
 * loads, the jar and beside it in `lib/` what it needs. Sources, tests and compiled classes do not go to the platform.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FAILURES } from '../../domain/release/failures.ts';
import { finalFailure } from '../failure.ts';
import type { Parts } from '../parts.ts';
import { runPackageTool, type PackageJob } from './package-tool.ts';

const POM = 'pom.xml';
/** What Maven may bring for itself. */
const WRAPPER = '.mvn';
const OUTPUT = 'target';
const LIBRARIES = 'sluice-libraries';
/** Results of a build that no function runs: what shading replaced, and attachments. */
const NOT_LOADED = /^original-|-(?:sources|javadoc|tests|test-sources)\.jar$/;
/** The same code must make the same package, or a release of nothing would be one of something (reproducible builds of Maven). */
const SAME_TIMES = '-Dproject.build.outputTimestamp=1980-01-01T00:00:02Z';
const COMMAND = [
  'mvn --batch-mode --no-transfer-progress -Dmaven.repo.local=/cache/maven',
  SAME_TIMES,
  'package dependency:copy-dependencies -DincludeScope=runtime',
  `-DoutputDirectory=${OUTPUT}/${LIBRARIES}`,
].join(' ');

/** Whether the folder holds a Maven project, and no jars or class files of its own that were committed to be taken as they are. */
export async function isMavenProject(folder: string): Promise<boolean> {
  if (!existsSync(join(folder, POM))) return false;
  const names = await readdir(folder, { recursive: true });
  return !names.some((name) => /\.(?:jar|class)$/.test(name) && !name.startsWith(`${WRAPPER}/`));
}

/** Builds, and leaves nothing but the jars; the answer is one line for people. */
export async function packageByMaven(parts: Parts, job: PackageJob): Promise<string> {
  const { folder, log } = job;
  const startedAt = Date.now();
  await runPackageTool(parts, job, {
    name: 'mvn package',
    run: COMMAND,
    hint: (exit) => (exit === 127 ? ' (it needs apt-get install default-jdk-headless maven)' : ''),
  });
  const { jars, libraries } = await keepJars(folder);
  if (jars === 0)
    throw finalFailure(FAILURES.buildFailed, `mvn package made no jar in ${OUTPUT}: is the packaging jar?`, {
      logTail: log.tail(),
    });
  return `mvn package, ${libraries} libraries, ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`;
}

async function keepJars(folder: string): Promise<{ readonly jars: number; readonly libraries: number }> {
  const output = join(folder, OUTPUT);
  const names = await readdir(output);
  const jars = names.filter((name) => name.endsWith('.jar') && !NOT_LOADED.test(name));
  // A shaded jar has its libraries inside.
  const isShaded = names.some((name) => name.startsWith('original-'));
  const from = join(output, LIBRARIES);
  const libraries = isShaded || !existsSync(from) ? [] : await readdir(from);
  const kept = join(folder, `.${LIBRARIES}`);
  await mkdir(join(kept, 'lib'), { recursive: true });
  for (const name of jars) await rename(join(output, name), join(kept, name));
  for (const name of libraries) await rename(join(from, name), join(kept, 'lib', name));
  for (const name of await readdir(folder))
    if (name !== `.${LIBRARIES}`) await rm(join(folder, name), { recursive: true, force: true });
  for (const name of await readdir(kept)) await rename(join(kept, name), join(folder, name));
  await rm(kept, { recursive: true });
  return { jars: jars.length, libraries: libraries.length };
}
